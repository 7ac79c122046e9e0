package tlsclient

import "slices"

// Where the rows for programs and libraries come from.
const (
	srcOpenSSL098 = `OpenSSL CHANGES (TLS 1.1 and 1.2 came with 1.0.1; ECDHE on by default from 1.0.0)`
	srcOpenSSL10x = `captures of OpenSSL 1.0.1u and 1.0.2o (node 0.12.18 and 4.9.1 with the list DEFAULT), own-captures.tsv`
	srcOpenSSL11  = `captures of OpenSSL 1.1.1 (node 10.24.1 and 16.20.2 with the list DEFAULT), own-captures.tsv; ` +
		`OpenSSL CHANGES (TLS 1.3 came with 1.1.1)`
	srcOpenSSL3 = `captures of openssl s_client and curl with OpenSSL 3.0, own-captures.tsv; OpenSSL CHANGES ` +
		`(from 3.0 on TLS 1.0 and 1.1 need security level 0)`
	srcOpenSSL35 = `capture of OpenSSL 3.5 (node 24.15.0 with the list DEFAULT), own-captures.tsv`
	srcGnuTLS    = `captures of gnutls-cli and wget with GnuTLS 3.7, own-captures.tsv`
	srcPython    = `capture of Python 3.11, own-captures.tsv; Python 3.10, "What's New" (default suites, TLS 1.2 at least)`
	srcCurlWin   = `; curl, "SSL backends" (curl.exe of Windows uses Schannel)`
	srcJava6     = `Oracle, "Java SE 6 Security, SunJSSE" (TLS 1.0; no server name before Java 7)`
	srcJava7     = `Oracle, "Java Cryptography Architecture, Oracle Providers Documentation for JDK 7", SunJSSE; ` +
		`Oracle blog "JDK 8 will use TLS 1.2 as default" (TLS 1.1 and 1.2 off on clients of Java 7)`
	srcJava8 = `Oracle, "Java Cryptography Architecture, Oracle Providers Documentation for JDK 8", SunJSSE; ` +
		`release notes of 8u161 (256-bit keys by default), 8u291 (TLS 1.0 and 1.1 disabled), 8u341 (TLS 1.3 on)`
	srcJava11 = `Oracle, "JDK Providers Documentation", SunJSSE; release notes of 11.0.11 (TLS 1.0 and 1.1 disabled), ` +
		`12 (ChaCha20-Poly1305), 24 (RSA key exchange disabled)`
	srcJava17 = `capture of Java 17.0.15, own-captures.tsv; ` + srcJava11
	srcGo     = `Go release notes: 1.8 (ChaCha20), 1.13 (TLS 1.3), 1.18 (TLS 1.2 at least), 1.22 (no RSA key exchange), ` +
		`1.23 (no 3DES), 1.24 (ML-KEM)`
	srcGo126 = `capture of net/http of Go 1.26, own-captures.tsv`
)

func programRows() []row {
	rows := javaRows()
	for _, l := range libraries {
		rows = append(rows, row{family: OpenSSL, from: l.from, to: l.to, Client: l.Client})
		curl := l.Client
		curl.SNI, curl.Perhaps.SNI, curl.ALPN = true, false, http2
		rows = append(rows, row{family: Curl, os: l.os, Client: curl})
	}
	for _, w := range []schannel{windows10, windows11} {
		curl := w.client(TLS12).later(TLS13, TLS11, TLS10).from(srcCurlWin)
		curl.ALPN = http2
		rows = append(rows, row{family: Curl, os: w.os, Client: curl})
	}
	return append(rows,
		row{family: GnuTLS, from: release(3, 6), to: release(3, 999), Client: gnutls},
		row{family: Python, from: release(3, 10), to: release(3, 999), Client: python},

		row{family: Go, from: release(1, 8), to: release(1, 12), Client: goClient(only12, goWithRSA, []uint16{TLS11, TLS10, TLS13})},
		row{family: Go, from: release(1, 13), to: release(1, 17), Client: goClient(from12, slices.Concat(tls13, goWithRSA), old)},
		row{family: Go, from: release(1, 18), to: release(1, 21), Client: goClient(from12, slices.Concat(tls13, goWithRSA), nil)},
		row{family: Go, from: release(1, 22), to: release(1, 23), Client: goClient(from12, slices.Concat(tls13, goSuites), nil)},
		row{family: Go, from: release(1, 24), to: release(1, 25), Client: goClient(from12, slices.Concat(tls13, goSuites), nil, x25519MLKEM768)},
		row{family: Go, from: release(1, 26), Client: go126},
		// "Go-http-client/1.1" does not say which release it is.
		row{family: Go, from: 0, to: 1, Client: goClient(only12, goSuites, []uint16{TLS13, TLS11, TLS10}).orSuites(
			slices.Concat(tls13, rsaGCM, rsaCBC, rsa3DES, []uint16{0xc012})...)},
	)
}

// library is a release line of OpenSSL: what a program gets that asks for its defaults.
type library struct {
	from, to int
	os       OS
	Client
}

// openssl orders "1.0.2": a third number counted before OpenSSL 3.
func openssl(major, minor, patch int) int { return release(major, minor*10+patch) }

var (
	// The order that every release since 1.1.0 keeps, with TLS 1.3 before it.
	openssl11 = []uint16{
		0xc02c, 0xc030, 0x009f, 0xcca9, 0xcca8, 0xccaa, 0xc02b, 0xc02f, 0x009e, 0xc024, 0xc028, 0x006b, 0xc023, 0xc027, 0x0067,
		0xc00a, 0xc014, 0x0039, 0xc009, 0xc013, 0x0033, 0x009d, 0x009c, 0x003d, 0x003c, 0x0035, 0x002f,
	}
	openssl13   = []uint16{0x1302, 0x1303, 0x1301}
	opensslSigs = []uint16{
		ecdsaP256, ecdsaP384, ecdsaP521, ed25519, ed448, rsaPSSPSS, rsaPSSPSS38, rsaPSSPSS51, rsaPSS256, rsaPSS384, rsaPSS512,
		rsaSHA256, rsaSHA384, rsaSHA512,
	}
	opensslGroups = []uint16{x25519, p256, x448, p521, p384}
)

var libraries = []library{
	{openssl(0, 9, 0), openssl(1, 0, 0), OpenSSL10, Client{
		Hello: Hello{
			Versions: []uint16{TLS10, SSL30},
			Suites:   []uint16{0x0039, 0x0038, 0x0035, 0x0016, 0x0013, 0x000a, 0x0033, 0x0032, 0x002f},
		},
		Perhaps: Offer{
			SNI: true, // the application says so
			Suites: slices.Concat(ecdheRSACBC, ecdheECDSACBC, ecdhe3DES, ecdheRC4, ecdhStatic, rsaRC4, camellia,
				[]uint16{0x0096, 0x0007, 0x0015, 0x0012, 0x0009, 0x0014, 0x0011, 0x0008, 0x0006, 0x0003}),
		},
		SHA2:   Open, // on by default from 0.9.8o
		Source: srcOpenSSL098,
	}},
	{openssl(1, 0, 1), openssl(1, 0, 2), OpenSSL101, Client{
		Hello: Hello{
			Versions: upTo12, Groups: []uint16{p521, p384, p256},
			Suites: []uint16{
				0xc030, 0xc02c, 0xc028, 0xc024, 0xc014, 0xc00a, 0x00a3, 0x009f, 0x006b, 0x006a, 0x0039, 0x0038, 0x0088, 0x0087,
				0xc032, 0xc02e, 0xc02a, 0xc026, 0xc00f, 0xc005, 0x009d, 0x003d, 0x0035, 0x0084, 0xc02f, 0xc02b, 0xc027, 0xc023,
				0xc013, 0xc009, 0x00a2, 0x009e, 0x0067, 0x0040, 0x0033, 0x0032, 0x009a, 0x0099, 0x0045, 0x0044, 0xc031, 0xc02d,
				0xc029, 0xc025, 0xc00e, 0xc004, 0x009c, 0x003c, 0x002f, 0x0096, 0x0041,
			},
			SignatureAlgorithms: []uint16{
				rsaSHA512, 0x0602, ecdsaP521, rsaSHA384, 0x0502, ecdsaP384, rsaSHA256, 0x0402, ecdsaP256, 0x0301, 0x0302, 0x0303,
				rsaSHA1, dsaSHA1, ecdsaSHA1,
			},
		},
		Ordered: true,
		Perhaps: Offer{
			SNI: true, Versions: []uint16{SSL30},
			// Static Diffie-Hellman came with 1.0.2; 3DES, IDEA and RC4 went with late updates.
			Suites: slices.Concat([]uint16{0x0007, 0x00a5, 0x00a1, 0x0069, 0x0068, 0x0037, 0x0036, 0x0086, 0x0085, 0x00a4, 0x00a0, 0x003f,
				0x003e, 0x0031, 0x0030, 0x0098, 0x0097, 0x0043, 0x0042, 0x0010, 0x000d}, ecdheRC4, rsaRC4, ecdhe3DES, dhe3DES, rsa3DES,
				[]uint16{0xc00c, 0xc002, 0xc00d, 0xc003}),
		},
		Source: srcOpenSSL10x,
	}},
	{openssl(1, 1, 0), openssl(1, 1, 0), OpenSSL110, Client{
		Hello: Hello{
			Versions: upTo12, Suites: openssl11, Groups: []uint16{x25519, p256, p521, p384},
			SignatureAlgorithms: []uint16{rsaSHA512, ecdsaP521, rsaSHA384, ecdsaP384, rsaSHA256, ecdsaP256, rsaSHA1, ecdsaSHA1},
		},
		Ordered: true,
		Perhaps: Offer{SNI: true},
		Source:  srcOpenSSL11,
	}},
	{openssl(1, 1, 1), openssl(1, 1, 1), OpenSSL111, Client{
		Hello: Hello{
			Versions: from12, Suites: slices.Concat(openssl13, openssl11), Groups: opensslGroups,
			SignatureAlgorithms: slices.Concat(opensslSigs, []uint16{0x0303, ecdsaSHA1, 0x0301, rsaSHA1}),
		},
		Ordered: true,
		Perhaps: Offer{SNI: true, Versions: old},
		Source:  srcOpenSSL11,
	}},
	{release(3, 0), release(3, 4), OpenSSL30, Client{
		Hello: Hello{
			Versions: from12, Suites: slices.Concat(openssl13, openssl11), Groups: opensslGroups,
			SignatureAlgorithms: opensslSigs,
		},
		Ordered: true,
		Perhaps: Offer{SNI: true, Versions: old},
		SHA1:    No, // below the default security level
		Source:  srcOpenSSL3,
	}},
	{release(3, 5), release(3, 999), OpenSSL35, Client{
		Hello: Hello{
			Versions: from12, Suites: slices.Concat(openssl13, openssl11),
			Groups:              []uint16{x25519MLKEM768, x25519, p256, x448, p384, p521, ffdhe2048, ffdhe3072},
			SignatureAlgorithms: opensslSigs,
		},
		Ordered: true,
		Perhaps: Offer{SNI: true, Versions: old},
		SHA1:    No,
		Source:  srcOpenSSL35,
	}},
}

var (
	gnutls = Client{
		Hello: Hello{
			Versions: from12,
			Suites: []uint16{
				0x1302, 0x1303, 0x1301, 0x1304, 0xc02c, 0xcca9, 0xc0ad, 0xc00a, 0xc02b, 0xc0ac, 0xc009, 0xc030, 0xcca8, 0xc014,
				0xc02f, 0xc013, 0x009d, 0xc09d, 0x0035, 0x009c, 0xc09c, 0x002f, 0x009f, 0xccaa, 0xc09f, 0x0039, 0x009e, 0xc09e, 0x0033,
			},
			Groups: []uint16{p256, p384, p521, x25519, x448, ffdhe2048, ffdhe3072},
			SignatureAlgorithms: []uint16{
				rsaSHA256, rsaPSSPSS, rsaPSS256, ecdsaP256, ed25519, rsaSHA384, rsaPSSPSS38, rsaPSS384, ecdsaP384, ed448,
				rsaSHA512, rsaPSSPSS51, rsaPSS512, ecdsaP521, rsaSHA1, ecdsaSHA1,
			},
			SNI: true,
		},
		Ordered: true,
		Perhaps: Offer{Versions: old}, // the priority string of the distribution decides
		SHA1:    No,
		Source:  srcGnuTLS,
	}
	python = Client{
		Hello: Hello{
			Versions: from12,
			Suites: []uint16{
				0x1302, 0x1303, 0x1301, 0xc02c, 0xc030, 0xc02b, 0xc02f, 0xcca9, 0xcca8, 0xc024, 0xc028, 0xc023, 0xc027, 0x009f,
				0x009e, 0x006b, 0x0067,
			},
			Groups: opensslGroups, SignatureAlgorithms: opensslSigs, SNI: true,
		},
		Ordered: true,
		SHA1:    No,
		Source:  srcPython,
	}
)

var (
	goSuites  = []uint16{0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc009, 0xc013, 0xc00a, 0xc014}
	goWithRSA = slices.Concat(goSuites, rsaGCM, rsaCBC, rsa3DES, []uint16{0xc012})

	go126 = Client{
		Hello: Hello{
			Versions: from12, Suites: slices.Concat(goSuites, tls13),
			Groups: []uint16{x25519MLKEM768, 0x11eb, 0x11ed, x25519, p256, p384, p521},
			SignatureAlgorithms: []uint16{
				rsaPSS256, ecdsaP256, ed25519, rsaPSS384, rsaPSS512, rsaSHA256, rsaSHA384, rsaSHA512, ecdsaP384, ecdsaP521,
			},
			SNI: true,
		},
		Ordered: true,
		SHA1:    No,
		Source:  srcGo126,
	}
)

// goClient is net/http of a Go release of which no hello was captured: the order of its suites
// depends on the processor.
func goClient(versions, suites, perhaps []uint16, groups ...uint16) Client {
	return Client{
		Hello: Hello{
			Versions: versions, Suites: suites, Groups: append(groups, x25519, p256, p384, p521),
			SignatureAlgorithms: go126.SignatureAlgorithms, SNI: true,
		},
		Perhaps: Offer{Versions: perhaps},
		SHA1:    Open, // refused from 1.18 on
		Source:  srcGo,
	}
}

func javaRows() []row {
	groups := []uint16{p256, p384, p521}
	sigs := []uint16{ecdsaP256, ecdsaP384, ecdsaP521, rsaSHA256, rsaSHA384, rsaSHA512, ecdsaSHA1, rsaSHA1}
	// With 256-bit keys where the unlimited policy is installed, and from late updates on.
	aes128 := []uint16{0xc023, 0xc027, 0x003c, 0x0067, 0xc009, 0xc013, 0x002f, 0x0033}
	perhaps := slices.Concat([]uint16{0xc024, 0xc028, 0x003d, 0x006b, 0xc00a, 0xc014, 0x0035, 0x0039}, dheDSS, ecdhStatic,
		ecdhe3DES, rsa3DES, dhe3DES, rsaRC4, ecdheRC4, []uint16{0xc002, 0xc003, 0xc00c, 0xc00d})
	java6 := Client{
		Hello: Hello{Versions: []uint16{TLS10, SSL30}, Suites: []uint16{0x002f, 0x0033, 0x0032}},
		Perhaps: Offer{Suites: slices.Concat(rsaRC4, rsa3DES, dhe3DES, []uint16{0x0035, 0x0039, 0x0038}, ecdheRSACBC, ecdheECDSACBC,
			[]uint16{0x0009, 0x0015, 0x0012, 0x0003, 0x0008, 0x0014, 0x0011})},
		Source: srcJava6,
	}
	java7 := Client{
		Hello:   Hello{Versions: only10, Suites: aes128, Groups: groups, SNI: true},
		Perhaps: Offer{Versions: []uint16{SSL30}, Suites: perhaps},
		Source:  srcJava7,
	}.off(old12, javaProtocols)
	java8 := Client{
		Hello: Hello{
			Versions: only12, Suites: slices.Concat([]uint16{0xc02b, 0xc02f, 0x009c, 0x009e}, aes128), Groups: groups,
			SignatureAlgorithms: sigs, SNI: true,
		},
		Perhaps: Offer{
			Versions: old,
			Suites:   slices.Concat([]uint16{0xc02c, 0xc030, 0x009d, 0x009f, 0x00a2, 0x00a3, 0xc02d, 0xc02e, 0xc031, 0xc032}, perhaps),
		},
		SHA1:   Open,
		Source: srcJava8,
	}
	anyJava8 := java8
	anyJava8.Perhaps.Versions = []uint16{TLS13, TLS11, TLS10}
	anyJava8.Perhaps.Suites = slices.Concat([]uint16{0x1301, 0x1302}, java8.Perhaps.Suites)
	java11 := Client{
		Hello: Hello{
			Versions: from12, Groups: groups, SignatureAlgorithms: slices.Concat([]uint16{rsaPSS256, rsaPSS384, rsaPSS512}, sigs), SNI: true,
			Suites: []uint16{
				0x1302, 0x1301, 0xc02c, 0xc02b, 0xc030, 0xc02f, 0x009f, 0x009e, 0xc024, 0xc028, 0xc023, 0xc027, 0x006b, 0x0067,
				0xc00a, 0xc014, 0xc009, 0xc013, 0x0039, 0x0033,
			},
		},
		Perhaps: Offer{
			Versions: old,
			Suites: slices.Concat([]uint16{0x1303}, chacha, []uint16{0xccaa, 0x00a3, 0x00a2}, dheDSS, rsaGCM, rsaCBCSHA2, rsaCBC,
				ecdhStatic, []uint16{0xc02d, 0xc02e, 0xc031, 0xc032}, ecdhe3DES, rsa3DES, dhe3DES),
		},
		SHA1:   Open,
		Source: srcJava11,
	}
	java17 := Client{
		Hello: Hello{
			Versions: from12, Groups: []uint16{x25519, p256, p384, p521, x448, ffdhe2048, ffdhe3072}, SNI: true,
			SignatureAlgorithms: []uint16{
				ecdsaP256, ecdsaP384, ecdsaP521, ed25519, ed448, rsaPSS256, rsaPSS384, rsaPSS512, rsaPSSPSS, rsaPSSPSS38, rsaPSSPSS51,
				rsaSHA256, rsaSHA384, rsaSHA512,
			},
			Suites: []uint16{
				0x1302, 0x1301, 0x1303, 0xc02c, 0xc02b, 0xcca9, 0xc030, 0xcca8, 0xc02f, 0x009f, 0xccaa, 0x009e, 0xc024, 0xc028,
				0xc023, 0xc027, 0x006b, 0x0067, 0xc00a, 0xc014, 0xc009, 0xc013, 0x0039, 0x0033,
			},
		},
		Ordered: true,
		Perhaps: Offer{Suites: slices.Concat([]uint16{0x00a3, 0x00a2, 0x006a, 0x0040, 0x0038, 0x0032}, rsaGCM, rsaCBCSHA2, rsaCBC)},
		SHA1:    Open,
		Source:  srcJava17,
	}
	return []row{
		{family: Java, from: release(6, 0), to: release(6, 999), Client: java6},
		{family: Java, from: release(7, 0), to: release(7, 999), Client: java7},
		{family: Java, from: release(8, 0), to: release(8, 0), Client: anyJava8}, // which update is not said
		{family: Java, from: release(8, 1), to: release(8, 340), Client: java8},
		{family: Java, from: release(8, 341), to: release(8, 999), Client: java11},
		{family: Java, from: release(9, 0), to: release(10, 999), Client: java8},
		{family: Java, from: release(11, 0), to: release(12, 999), Client: java11},
		{family: Java, from: release(13, 0), Client: java17},
	}
}
