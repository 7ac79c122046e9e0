import java.io.FileInputStream;
import java.net.InetAddress;
import java.security.KeyStore;
import java.security.Security;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

/** Serves everything that Java can: SSL 3.0 to TLS 1.3, export, anonymous and NULL suites. */
public class WeakServer {
  public static void main(String[] args) throws Exception {
    for (String list : new String[] {"jdk.tls.disabledAlgorithms", "jdk.tls.legacyAlgorithms", "jdk.certpath.disabledAlgorithms"}) {
      Security.setProperty(list, "");
    }
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (FileInputStream in = new FileInputStream(args[1])) {
      store.load(in, "changeit".toCharArray());
    }
    KeyManagerFactory keys = KeyManagerFactory.getInstance("SunX509");
    keys.init(store, "changeit".toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    SSLServerSocket server = (SSLServerSocket) context.getServerSocketFactory()
        .createServerSocket(Integer.parseInt(args[0]), 200, InetAddress.getByName("127.0.0.1"));
    server.setEnabledCipherSuites(server.getSupportedCipherSuites());
    server.setEnabledProtocols(server.getSupportedProtocols());
    while (true) {
      SSLSocket socket = (SSLSocket) server.accept();
      Thread t = new Thread(() -> serve(socket));
      t.setDaemon(true);
      t.start();
    }
  }

  private static void serve(SSLSocket socket) {
    try (SSLSocket s = socket) {
      s.setSoTimeout(5000);
      s.startHandshake();
      s.getInputStream().read();
      s.getOutputStream().write("HTTP/1.0 200 OK\r\n\r\nok\n".getBytes());
    } catch (Exception e) {
      // A hello that is refused, or a client that leaves: the next one, please.
    }
  }
}
