package tlspath

import "strings"

// Text is a sentence in both languages. Words in braces stand for a finding's arguments.
type Text struct{ EN, JA string }

// Situation is something that can stand between this machine and the console.
type Situation struct {
	Code  Code
	Cause Cause
	// Sure: what was seen shows it. Otherwise it is the likely reading, and another one is
	// possible.
	Sure bool
	Text Text // what it is
	Fix  Text // what to do next; empty when there is nothing
}

// Say fills a sentence in.
func (f Finding) Say(t Text, lang string) string {
	s := t.EN
	if lang == "ja" {
		s = t.JA
	}
	var pairs []string
	for k, v := range f.Args {
		pairs = append(pairs, "{"+k+"}", v)
	}
	return strings.NewReplacer(pairs...).Replace(s)
}

// The situations, in the order of the way.
const (
	NameUnknown   Code = "name_unknown"
	NameRefused   Code = "name_refused"
	NameSilent    Code = "name_silent"
	NameSinkholed Code = "name_sinkholed"
	NameCatchAll  Code = "name_catch_all"
	NamePrivate   Code = "name_private"

	PortRefused  Code = "port_refused"
	PortSilent   Code = "port_silent"
	NoRoute      Code = "no_route"
	FamilyBroken Code = "family_broken"

	ProxyUnreached   Code = "proxy_unreached"
	ProxyAuth        Code = "proxy_auth"
	ProxyDenied      Code = "proxy_denied"
	ProxyCannotReach Code = "proxy_cannot_reach"
	NotAProxy        Code = "not_a_proxy"
	ProxyOwnPage     Code = "proxy_own_page"
	ProxyErrorPage   Code = "proxy_error_page"
	OnlyThroughProxy Code = "only_through_proxy"
	OnlyDirect       Code = "only_direct"

	PlainHTTP         Code = "plain_http"
	OtherProtocol     Code = "other_protocol"
	Silent            Code = "silent"
	TLSReset          Code = "tls_reset"
	TLSClosed         Code = "tls_closed"
	TLSDropped        Code = "tls_dropped"
	SNIFilter         Code = "sni_filter"
	TLS12Reset        Code = "tls12_reset"
	TLS12Dropped      Code = "tls12_dropped"
	CappedAtTLS11     Code = "capped_at_tls11"
	LargeDropped      Code = "large_hello_dropped"
	TLS13Intolerant   Code = "tls13_intolerant"
	ModernRefused     Code = "modern_hello_refused"
	NameNotServed     Code = "name_not_served"
	RefusesAll        Code = "refuses_all"
	Malformed         Code = "malformed_answer"
	OwnHandshakeFails Code = "own_handshake_fails"
	LocalFilter       Code = "local_filter"

	Answered     Code = "answered"
	OnlyTLS13    Code = "only_tls13"
	SNIRequired  Code = "sni_required"
	OldAnswered  Code = "old_version_answered"
	WeakAnswered Code = "weak_suite_answered"
	HelloEdited  Code = "hello_edited"

	CertificateExpired    Code = "certificate_expired"
	CertificateNotYet     Code = "certificate_not_yet_valid"
	CertificateOtherHost  Code = "certificate_wrong_host"
	CertificateSelfSigned Code = "certificate_self_signed"
	CertificateUnknown    Code = "certificate_unknown_authority"
	Inspected             Code = "inspected"
	PrivateRoot           Code = "private_root"
)

// Situations lists them all, in the order of the way.
func Situations() []Situation { return list }

var situations = func() map[Code]Situation {
	m := map[Code]Situation{}
	for _, s := range list {
		m[s.Code] = s
	}
	return m
}()

// What several remedies have in common.
var (
	exempt = Text{
		"Exempt {host} from TLS inspection on the devices and programs of this network, and run casdoctor again.",
		"このネットワークの装置やソフトウェアで {host} を TLS 検査の対象から除外し、casdoctor を再実行します。",
	}
	update = Text{
		"Let whoever runs the firewall or proxy update it so that it passes TLS 1.2 and later, or exempt {host} from its inspection.",
		"ファイアウォールまたはプロキシの管理者に、TLS 1.2 以降を通すよう更新するか、{host} を検査の対象から除外するよう依頼します。",
	}
	allow = Text{
		"Allow outgoing connections to {host}, TCP port {port}, in the firewall, or name the proxy of this network.",
		"ファイアウォールで {host} の TCP ポート {port} への発信接続を許可するか、このネットワークのプロキシを指定します。",
	}
	signIn = Text{
		"Sign in to the network, or find out which device answers in place of {host}, and let {host} past it.",
		"ネットワークにログインするか、{host} の代わりに応答している装置を特定し、{host} を対象から除外します。",
	}
)

var list = []Situation{
	{NameUnknown, Unreached, true, Text{
		"The DNS of this machine says that there is no name {asked}.",
		"このコンピュータの DNS によると、{asked} という名前は存在しません。",
	}, Text{
		"Check the spelling of {asked}, then whether the DNS servers of this machine know names on the internet. Behind a proxy this is normal: name the proxy.",
		"{asked} の綴りと、このコンピュータの DNS サーバがインターネットの名前を解決できるかを確認します。プロキシ環境では正常な動作です。その場合はプロキシを指定します。",
	}},
	{NameRefused, Unreached, true, Text{
		"The DNS server of this machine refuses to answer for {asked}, or fails.",
		"このコンピュータの DNS サーバが {asked} への応答を拒否したか、失敗しました。",
	}, Text{
		"Ask whoever runs the DNS server to allow {asked}, or try another server.",
		"DNS サーバの管理者に {asked} を許可するよう依頼するか、別のサーバを試します。",
	}},
	{NameSilent, Unreached, true, Text{
		"No DNS server answers this machine for {asked}.",
		"{asked} について、どの DNS サーバからも応答がありません。",
	}, Text{
		"Check the network connection of this machine and its DNS servers.",
		"このコンピュータのネットワーク接続と DNS サーバを確認します。",
	}},
	{NameSinkholed, Unreached, true, Text{
		"The DNS of this machine sends {host} to {address}, which is this machine itself: a filter blocks the name.",
		"このコンピュータの DNS は {host} をこのコンピュータ自身 ({address}) に向けています。フィルタが名前を遮断しています。",
	}, Text{
		"Allow {host} in the DNS filter of this network.",
		"このネットワークの DNS フィルタで {host} を許可します。",
	}},
	{NameCatchAll, Between, true, Text{
		"The DNS of this machine gives the same address for {host} as for a name that does not exist: it answers for everything.",
		"このコンピュータの DNS は、存在しない名前にも {host} と同じアドレスを返します。すべての名前に応答しています。",
	}, signIn},
	{NamePrivate, None, false, Text{
		"{host} has an address that is not on the internet ({addresses}): a filter, a sign-in page, or a relay inside this network.",
		"{host} のアドレス ({addresses}) はインターネット上のものではありません。フィルタ、ログイン ページ、または内部の中継です。",
	}, Text{
		"Ask whoever runs the DNS of this network whether this address is meant.",
		"このアドレスが意図したものか、このネットワークの DNS 管理者に確認します。",
	}},

	{PortRefused, Unreached, true, Text{
		"The connection to {host}, port {port}, is refused: nothing listens there, or a firewall says so.",
		"{host} のポート {port} への接続が拒否されました。待ち受けがないか、ファイアウォールが拒否しています。",
	}, allow},
	{PortSilent, Unreached, true, Text{
		"The connection to {host}, port {port}, gets no answer: a firewall on the way drops it.",
		"{host} のポート {port} への接続に応答がありません。途中のファイアウォールが破棄しています。",
	}, allow},
	{NoRoute, Unreached, true, Text{
		"There is no way from this machine to {host}: no route, or a router or this machine's own firewall forbids it.",
		"このコンピュータから {host} への経路がないか、ルータまたはこのコンピュータのファイアウォールが禁止しています。",
	}, allow},
	{FamilyBroken, None, true, Text{
		"{family} does not lead to {host} from here; the other family does. Programs that try {family} first wait.",
		"ここから {family} では {host} に到達できず、もう一方では到達できます。{family} を先に試すプログラムは待たされます。",
	}, Text{
		"Repair {family} in this network, or switch it off.",
		"このネットワークの {family} を修復するか、無効にします。",
	}},

	{ProxyUnreached, Unreached, true, Text{
		"The proxy {proxy} does not answer ({outcome}).",
		"プロキシ {proxy} が応答しません ({outcome})。",
	}, Text{
		"Check the address of the proxy, and that it runs.",
		"プロキシのアドレスと、動作していることを確認します。",
	}},
	{ProxyAuth, Unreached, true, Text{
		"The proxy {proxy} wants credentials, or other ones (HTTP {status} {scheme}).",
		"プロキシ {proxy} が認証、または別の認証情報を要求しています (HTTP {status} {scheme})。",
	}, Text{
		"Give the proxy's URL a name and a password that it accepts, or let this machine through without. Only Basic can be used.",
		"プロキシの URL に有効な名前とパスワードを設定するか、このコンピュータを認証なしで許可します。使用できるのは Basic 認証だけです。",
	}},
	{ProxyDenied, Unreached, true, Text{
		"The proxy {proxy} does not allow connections to {host} (HTTP {status}).",
		"プロキシ {proxy} は {host} への接続を許可していません (HTTP {status})。",
	}, Text{
		"Allow CONNECT to {host}:{port} on the proxy.",
		"プロキシで {host}:{port} への CONNECT を許可します。",
	}},
	{ProxyCannotReach, Unreached, true, Text{
		"The proxy {proxy} cannot reach {host} itself (HTTP {status}).",
		"プロキシ {proxy} 自身が {host} に到達できません (HTTP {status})。",
	}, Text{
		"Check the name {host}; then the DNS and the firewall of the proxy.",
		"{host} という名前、次にプロキシの DNS とファイアウォールを確認します。",
	}},
	{NotAProxy, Unreached, true, Text{
		"What answers at {proxy} is not a proxy for TLS connections.",
		"{proxy} で応答しているのは、TLS 接続用のプロキシではありません。",
	}, Text{
		"Check the address and the port of the proxy. It must begin with http://.",
		"プロキシのアドレスとポートを確認します。http:// で始まる必要があります。",
	}},
	{ProxyOwnPage, Between, true, Text{
		"The proxy {proxy} said that the connection to {host} is open, and then answered with a page of its own.",
		"プロキシ {proxy} は {host} への接続を開いたと応答した後、自身のページを返しました。",
	}, Text{
		"Open {host} in a browser behind this proxy: the page says what it wants. Then allow {host} on the proxy.",
		"このプロキシを使うブラウザで {host} を開くと、ページに理由が表示されます。その後、プロキシで {host} を許可します。",
	}},
	{ProxyErrorPage, Between, true, Text{
		"A proxy answers in place of {host}: it has not reached the console, and shows a page of its own under a certificate of its own (HTTP {status} {error}).",
		"プロキシが {host} の代わりに応答しています。管理コンソールに到達しておらず、自身の証明書で自身のページを表示しています (HTTP {status} {error})。",
	}, Text{
		"Exempt {host} from TLS inspection on the proxy, and check that the proxy speaks TLS 1.2 with ECDHE suites to the outside.",
		"プロキシで {host} を TLS 検査の対象から除外し、プロキシが外部と TLS 1.2 および ECDHE スイートで通信できることを確認します。",
	}},
	{OnlyThroughProxy, None, true, Text{
		"Without the proxy {host} cannot be reached from here ({outcome}). Programs that do not know the proxy fail.",
		"プロキシを経由しないと、ここから {host} に到達できません ({outcome})。プロキシを知らないプログラムは失敗します。",
	}, Text{}},
	{OnlyDirect, None, true, Text{
		"Without the proxy {host} can be reached from here; only the way through {proxy} fails.",
		"プロキシを経由しなければ、ここから {host} に到達できます。失敗するのは {proxy} を経由した場合だけです。",
	}, Text{
		"Add {host} to the exceptions of the proxy, if this network allows it.",
		"このネットワークで許される場合は、{host} をプロキシの例外に追加します。",
	}},

	{PlainHTTP, Between, true, Text{
		"What answers for {host}, port {port}, speaks plain HTTP and not TLS ({first}): a sign-in page of the network, a proxy, or another service.",
		"{host} のポート {port} の応答は TLS ではなく平文の HTTP です ({first})。ネットワークのログイン ページ、プロキシ、または別のサービスです。",
	}, signIn},
	{OtherProtocol, Between, true, Text{
		"What answers for {host}, port {port}, does not speak TLS ({first}).",
		"{host} のポート {port} の応答は TLS ではありません ({first})。",
	}, signIn},
	{Silent, Unreached, true, Text{
		"A connection to {host}, port {port}, opens, but nothing answers on it, whatever is sent: a filter, or an overloaded device.",
		"{host} のポート {port} への接続は開きますが、何を送っても応答がありません。フィルタ、または過負荷の装置が原因です。",
	}, allow},
	{TLSReset, Between, true, Text{
		"Every TLS handshake with {host} is reset, whatever it offers: a firewall or an intrusion prevention system on the way, or the server's own policy.",
		"{host} との TLS ハンドシェイクは、内容にかかわらずすべてリセットされます。途中のファイアウォールや侵入防御、またはサーバのポリシーが原因です。",
	}, allow},
	{TLSClosed, Between, true, Text{
		"Every TLS handshake with {host} is closed without a word, whatever it offers: a device on the way, or the server's own policy.",
		"{host} との TLS ハンドシェイクは、内容にかかわらずすべて無言で切断されます。途中の装置、またはサーバのポリシーが原因です。",
	}, allow},
	{TLSDropped, Between, true, Text{
		"TLS handshakes with {host} get no answer, while other data does: a device on the way drops TLS.",
		"{host} との TLS ハンドシェイクには応答がなく、他のデータには応答があります。途中の装置が TLS を破棄しています。",
	}, allow},
	{SNIFilter, Between, true, Text{
		"Handshakes that name {host} are cut off, and the same ones under another name, or none, are not: a filter on the way blocks this name.",
		"{host} という名前を含むハンドシェイクだけが遮断され、別の名前または名前なしでは遮断されません。途中のフィルタがこの名前を遮断しています。",
	}, Text{
		"Allow {host} in the web filter or firewall of this network.",
		"このネットワークの Web フィルタまたはファイアウォールで {host} を許可します。",
	}},
	{TLS12Reset, Between, true, Text{
		"Handshakes for TLS 1.2 and later with {host} are reset, and older ones are answered ({versions}): a device on the way cuts TLS 1.2 off.",
		"{host} との TLS 1.2 以降のハンドシェイクはリセットされ、古いものには応答があります ({versions})。途中の装置が TLS 1.2 を遮断しています。",
	}, update},
	{TLS12Dropped, Between, true, Text{
		"Handshakes for TLS 1.2 and later with {host} get no answer, and older ones do ({versions}): a device on the way drops TLS 1.2.",
		"{host} との TLS 1.2 以降のハンドシェイクには応答がなく、古いものにはあります ({versions})。途中の装置が TLS 1.2 を破棄しています。",
	}, update},
	{CappedAtTLS11, Between, true, Text{
		"What answers for {host} speaks no more than {versions}. The console has switched these off, so something else answers in its place.",
		"{host} として応答しているものは {versions} までしか対応していません。管理コンソールではこれらは無効のため、別のものが代わりに応答しています。",
	}, update},
	{LargeDropped, Between, true, Text{
		"The large handshake of current browsers (over 1,400 bytes, with post-quantum keys) is not answered by {host}, and a small one is: a device on the way cannot put the parts together.",
		"現行ブラウザの大きなハンドシェイク (耐量子鍵を含み 1,400 バイト超) には {host} の応答がなく、小さいものにはあります。途中の装置が分割されたデータを処理できません。",
	}, Text{
		"Update the firewall or proxy on the way. Until then, switch off post-quantum key agreement in the browsers (policy PostQuantumKeyAgreementEnabled).",
		"途中のファイアウォールまたはプロキシを更新します。それまではブラウザの耐量子鍵交換 (ポリシー PostQuantumKeyAgreementEnabled) を無効にします。",
	}},
	{TLS13Intolerant, Between, true, Text{
		"Handshakes that offer TLS 1.3 fail with {host}, and the same ones for TLS 1.2 alone do not: a device on the way does not stand TLS 1.3.",
		"{host} とのハンドシェイクは TLS 1.3 を提示すると失敗し、TLS 1.2 だけなら成功します。途中の装置が TLS 1.3 に対応していません。",
	}, update},
	{ModernRefused, Between, false, Text{
		"The handshake of a current browser is refused (alert {alert}), and a smaller one is accepted: something does not stand what is new in it.",
		"現行ブラウザのハンドシェイクは拒否され (アラート {alert})、小さなものは受け付けられます。新しい要素に対応していないものがあります。",
	}, update},
	{NameNotServed, Between, true, Text{
		"What answers at this address says that it does not serve the name {host} (alert 112).",
		"このアドレスの応答は、{host} という名前を扱っていないと示しています (アラート 112)。",
	}, Text{
		"Check the name. If it is right, the DNS of this machine gives the address of another server.",
		"名前を確認します。正しい場合は、このコンピュータの DNS が別のサーバのアドレスを返しています。",
	}},
	{RefusesAll, Between, false, Text{
		"{host} refuses every handshake from here, whatever it offers (alert {alert}).",
		"{host} は、ここからのハンドシェイクを内容にかかわらずすべて拒否します (アラート {alert})。",
	}, Text{
		"Check the name and the port. Then try from another network: if it works there, a device on the way refuses.",
		"名前とポートを確認します。次に別のネットワークから試し、成功する場合は途中の装置が拒否しています。",
	}},
	{Malformed, Between, true, Text{
		"What answers for {host} begins like TLS and makes no sense.",
		"{host} の応答は TLS のように始まりますが、内容が正しくありません。",
	}, signIn},
	{OwnHandshakeFails, Between, false, Text{
		"{host} answers, but the handshake cannot be finished from here: what it shows is not acceptable (a signature with SHA-1, a key that is too long, or a downgrade).",
		"{host} は応答しますが、提示内容 (SHA-1 の署名、長すぎる鍵、ダウングレードなど) が受け入れられず、ハンドシェイクを完了できません。",
	}, exempt},
	{LocalFilter, Between, true, Text{
		"A handshake from this machine to itself does not arrive as it was sent: a program on this machine changes TLS.",
		"このコンピュータから自身へのハンドシェイクが送信時と異なる内容で届きます。このコンピュータ上のソフトウェアが TLS を書き換えています。",
	}, Text{
		"Switch off the TLS or web scanning of the security software on this machine, or exempt {host} there.",
		"このコンピュータのセキュリティ ソフトウェアの TLS (Web) 検査を無効にするか、{host} を除外します。",
	}},

	{Answered, None, true, Text{
		"{host}, port {port}, answers the handshake of a current browser, and refuses older ones.",
		"{host} のポート {port} は現行ブラウザのハンドシェイクに応答し、古いものは拒否します。",
	}, Text{}},
	{OnlyTLS13, None, true, Text{
		"{host}, port {port}, answers TLS 1.3 only.",
		"{host} のポート {port} は TLS 1.3 だけに応答します。",
	}, Text{}},
	{SNIRequired, None, true, Text{
		"{host} answers only clients that send its name (SNI). Internet Explorer on Windows XP and Java 6 do not.",
		"{host} は名前 (SNI) を送るクライアントだけに応答します。Windows XP の Internet Explorer と Java 6 は送りません。",
	}, Text{}},
	{OldAnswered, Between, false, Text{
		"{host} also answers {versions}, which the console is documented to have switched off: probably something else answers in its place.",
		"{host} は、管理コンソールでは無効のはずの {versions} にも応答します。別のものが代わりに応答している可能性があります。",
	}, exempt},
	{WeakAnswered, Between, false, Text{
		"{host} accepts a weak cipher suite ({suite}), although the console is documented to have removed them: perhaps something else answers in its place.",
		"{host} は、管理コンソールでは削除済みのはずの弱い暗号化スイート ({suite}) を受け付けます。別のものが代わりに応答している可能性があります。",
	}, exempt},
	{HelloEdited, Between, true, Text{
		"The server says that it could speak TLS 1.3, although it was offered: something on the way changes the handshake.",
		"TLS 1.3 を提示したにもかかわらず、サーバは TLS 1.3 に対応可能だったと示しています。途中の何かがハンドシェイクを書き換えています。",
	}, exempt},

	{CertificateExpired, Between, true, Text{
		"The certificate that is shown for {host} has expired (issuer: {issuer}).",
		"{host} として提示された証明書は有効期限が切れています (発行者: {issuer})。",
	}, Text{
		"Check the clock of this machine. If it is right, show the certificate to whoever runs this network.",
		"このコンピュータの時計を確認します。正しい場合は、証明書をこのネットワークの管理者に提示します。",
	}},
	{CertificateNotYet, Between, true, Text{
		"The certificate that is shown for {host} is not valid yet (issuer: {issuer}).",
		"{host} として提示された証明書は、まだ有効期間前です (発行者: {issuer})。",
	}, Text{
		"Check the clock of this machine. If it is right, show the certificate to whoever runs this network.",
		"このコンピュータの時計を確認します。正しい場合は、証明書をこのネットワークの管理者に提示します。",
	}},
	{CertificateOtherHost, Between, true, Text{
		"The certificate that is shown for {host} is another host's ({subject}).",
		"{host} として提示された証明書は別のホストのものです ({subject})。",
	}, Text{
		"Check the name {host}. If it is right, something else answers: sign in to the network, or exempt {host} from TLS inspection.",
		"{host} という名前を確認します。正しい場合は別のものが応答しています。ネットワークにログインするか、{host} を TLS 検査の対象から除外します。",
	}},
	{CertificateSelfSigned, Between, true, Text{
		"The certificate that is shown for {host} was issued by itself: a device answers in the console's place.",
		"{host} として提示された証明書は自己署名です。装置が管理コンソールの代わりに応答しています。",
	}, signIn},
	{CertificateUnknown, Between, true, Text{
		"The certificate that is shown for {host} comes from an authority that is not trusted here ({issuer}): this network inspects TLS, or something else answers.",
		"{host} として提示された証明書の発行者はここでは信頼されていません ({issuer})。このネットワークが TLS を検査しているか、別のものが応答しています。",
	}, Text{
		"If this network inspects TLS on purpose, install its root certificate on the clients and name it in network.ca_file. Otherwise exempt {host} from the inspection.",
		"意図的に TLS を検査している場合は、そのルート証明書をクライアントにインストールし、network.ca_file に指定します。そうでない場合は {host} を検査の対象から除外します。",
	}},
	{Inspected, Between, true, Text{
		"The certificate that is shown for {host} was made by a device or program that inspects TLS ({issuer}), and its root is not trusted here.",
		"{host} として提示された証明書は TLS を検査する装置またはソフトウェアが作成したもので ({issuer})、そのルートはここでは信頼されていません。",
	}, Text{
		"Exempt {host} from the inspection, or install the inspection's root certificate on the clients and name it in network.ca_file.",
		"{host} を検査の対象から除外するか、検査用のルート証明書をクライアントにインストールし、network.ca_file に指定します。",
	}},
	{PrivateRoot, None, true, Text{
		"The certificate of {host} verifies only with a root that was installed here on purpose ({issuer}): TLS is inspected, and everything seen here is the inspection's, not the console's.",
		"{host} の証明書は、ここに意図的にインストールされたルート ({issuer}) でのみ検証できます。TLS が検査されており、ここで見えるものはすべて検査装置のもので、管理コンソールのものではありません。",
	}, Text{}},
}
