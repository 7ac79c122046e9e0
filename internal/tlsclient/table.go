package tlsclient

import "slices"

// The suites by what they have in common (IANA, "TLS Cipher Suites"). The order inside a row
// carries no meaning: the predictor works on sets.
var (
	tls13          = []uint16{0x1301, 0x1302, 0x1303} // AES_128_GCM, AES_256_GCM, CHACHA20
	ecdheRSAGCM128 = []uint16{0xc02f}
	ecdheRSAGCM256 = []uint16{0xc030}
	ecdheECDSAGCM  = []uint16{0xc02b, 0xc02c} // AES_128, AES_256
	chacha         = []uint16{0xcca8, 0xcca9} // ECDHE_RSA, ECDHE_ECDSA
	dheRSAGCM      = []uint16{0x009e, 0x009f}
	rsaGCM         = []uint16{0x009c, 0x009d}
	ecdheCBCSHA2   = []uint16{0xc027, 0xc028, 0xc023, 0xc024} // RSA 128/256, ECDSA 128/256; SHA256/SHA384
	ecdheRSACBC    = []uint16{0xc013, 0xc014}
	ecdheECDSACBC  = []uint16{0xc009, 0xc00a}
	dheRSACBC      = []uint16{0x0033, 0x0039}
	dheRSACBCSHA2  = []uint16{0x0067, 0x006b}
	dheDSS         = []uint16{0x0032, 0x0038, 0x0040, 0x006a, 0x0013}
	rsaCBCSHA2     = []uint16{0x003c, 0x003d}
	rsaCBC         = []uint16{0x002f, 0x0035}
	rsa3DES        = []uint16{0x000a}
	ecdhe3DES      = []uint16{0xc008, 0xc012}
	rsaRC4         = []uint16{0x0005, 0x0004} // SHA, MD5
	ecdheRC4       = []uint16{0xc007, 0xc011}
	ecdhStatic     = []uint16{0xc004, 0xc005, 0xc00e, 0xc00f, 0xc025, 0xc026, 0xc029, 0xc02a} // ECDSA, RSA
	// DES, RC2 and the export suites of Windows XP.
	xpWeak = []uint16{0x0009, 0x0012, 0x0062, 0x0063, 0x0064, 0x0003, 0x0006}
	null   = []uint16{0x0001, 0x0002, 0x003b}
)

// Elliptic curves and the like (IANA, "TLS Supported Groups").
const (
	p256   uint16 = 0x0017
	p384   uint16 = 0x0018
	p521   uint16 = 0x0019
	x25519 uint16 = 0x001d
)

// Where the rows come from.
const (
	srcXP = `Microsoft, "TLS Cipher Suites" (Schannel, Windows Server 2003 and Windows XP); ` +
		`IEBlog 2005-10-22 on the HTTPS defaults of IE 7 (TLS 1.0 on; off in IE 6)`
	srcVista = `Microsoft, "TLS Cipher Suites in Windows Vista", "Protocols in TLS/SSL (Schannel SSP)" ` +
		`(TLS 1.1 and 1.2 not supported)`
	srcW7 = `Microsoft, "TLS Cipher Suites in Windows 7" (with update 3042058), ` +
		`"Protocols in TLS/SSL (Schannel SSP)" (TLS 1.1 and 1.2 disabled by default)`
	srcW8 = `Microsoft, "TLS Cipher Suites in Windows 8" (with update 3042058); ` +
		`"WINHTTP_OPTION_SECURE_PROTOCOLS" (SSL 3.0 and TLS 1.0 by default on Windows 7 and 8)`
	srcW81 = `Microsoft, "TLS Cipher Suites in Windows 8.1" (with update 2919355)`
	srcW10 = `Microsoft, "TLS Cipher Suites in Windows 10 v1511" and "… v1903"`
	srcIE  = `; IEBlog 2013-11-12 (IE 11: TLS 1.2 on, no RC4 in the first hello)`

	srcChrome30 = `Chromium net/third_party/nss/README.chromium (NSS 3.15.1) and NSS 3.15.1 release notes ` +
		`(TLS 1.2 and HMAC-SHA256, "AES GCM cipher suites are not yet supported")`
	srcChrome = `Google Security Blog 2018-10-15 "Modernizing Transport Security" (ECDHE with AES-GCM; ` +
		`TLS 1.3 in Chrome 70; end of TLS 1.0 and 1.1, carried out in release 84)`
	srcChromium = `capture of Chromium 156 (2026), own-captures.tsv`
	srcFirefox  = `Mozilla, NSS release notes 3.15.2 (AES-GCM), 3.23 (ChaCha20), 3.25 (SHA384); ` +
		`release notes of Firefox 27 (TLS 1.2 on); ` +
		`Mozilla Security Blog 2018-08-13 (final TLS 1.3 in Firefox 63); ` +
		`Mozilla Hacks 2020-02 with its updates (TLS 1.0 and 1.1 off from Firefox 78)`
	srcFirefoxESR = `capture of Firefox ESR 153 (2026), own-captures.tsv; ` +
		`Mozilla Hacks 2020-02 with its updates (TLS 1.0 and 1.1 off from Firefox 78)`
	srcSafari = `Apple, Security framework, sslCipherSpecs.c ` +
		`(AES-GCM off in the release for OS X 10.9, on from 10.11); ` +
		`Apple Platform Security, "TLS security" (TLS 1.3 from iOS 12.2); ` +
		`WebKit Blog 8462 (end of TLS 1.0 and 1.1 from March 2020)`
)

// row is one line of the table: the releases of a family, on one system or on any.
type row struct {
	family   Family
	from, to int // releases, as release() makes them; to 0: no end
	os       OS  // "": any
	Client       // what the releases have in common
}

// release orders "major.minor".
func release(major, minor int) int { return major*100 + min(minor, 99) }

// majors are the releases from.0 to to.99; to 0: no end.
func majors(from, to int) (int, int) {
	if to == 0 {
		return release(from, 0), 0
	}
	return release(from, 0), release(to, 99)
}

// schannel7 is what Windows 7, 8 and 8.1 have in common: ECDHE_RSA with GCM is missing in
// all three. Windows 7 and 8.1 also list DHE_RSA with CBC, which Windows 8 does not; it is
// taken as uncertain, because the pages describe the last update level only.
var schannel7 = slices.Concat(ecdheCBCSHA2, ecdheRSACBC, dheRSAGCM, rsaGCM, rsaCBCSHA2, rsaCBC,
	ecdheECDSAGCM, ecdheECDSACBC, dheDSS, rsa3DES)

// schannel10 are the suites that the lists of all releases of Windows 10 enable.
var schannel10 = slices.Concat(ecdheECDSAGCM, ecdheRSAGCM128, ecdheRSAGCM256, ecdheCBCSHA2, ecdheECDSACBC, ecdheRSACBC,
	rsaGCM, rsaCBCSHA2, rsaCBC)

// schannel10Perhaps were enabled at first and taken out of the list of a later release.
var schannel10Perhaps = slices.Concat(dheRSAGCM, dheRSACBC, dheDSS, rsa3DES, rsaRC4)

// secureTransport are the suites of Apple's system TLS that need no GCM.
var secureTransport = slices.Concat(ecdheCBCSHA2, ecdheECDSACBC, ecdheRSACBC, rsaCBCSHA2, rsaCBC)

// secureTransportPerhaps are the ones that were dropped at some point, or that are left out
// of a hello in some modes (static ECDH, DHE, 3DES and RC4).
var secureTransportPerhaps = slices.Concat(ecdhStatic, dheRSACBC, dheRSACBCSHA2, ecdhe3DES, rsa3DES, []uint16{0x0016},
	ecdheRC4, rsaRC4)

// safariModern has outlived all changes since TLS 1.3 came to Apple's systems.
var safariModern = slices.Concat(ecdheRSAGCM128, ecdheRSAGCM256, ecdheECDSAGCM, ecdheECDSACBC, ecdheRSACBC,
	rsaGCM, rsaCBC)

// safariModernPerhaps came or went since then.
var safariModernPerhaps = slices.Concat(chacha, ecdheCBCSHA2, rsaCBCSHA2, dheRSAGCM, secureTransportPerhaps)

// table lists the clients; the first row that fits counts.
func table() []row {
	return []row{
		ie(6, 6, WindowsXP, Client{
			Offer:        Offer{Versions: []uint16{SSL30}, Suites: slices.Concat(rsaRC4, rsa3DES, []uint16{0x0013}, xpWeak)},
			Perhaps:      Offer{Suites: null},
			OffByDefault: []uint16{TLS10},
			Source:       srcXP,
		}),
		ie(7, 8, WindowsXP, Client{
			Offer:   Offer{Versions: []uint16{SSL30, TLS10}, Suites: slices.Concat(rsaRC4, rsa3DES, []uint16{0x0013}, xpWeak)},
			Perhaps: Offer{Suites: null},
			Source:  srcXP,
		}),
		ie(7, 9, WindowsVista, Client{
			Offer: Offer{
				Versions: []uint16{TLS10},
				Suites:   slices.Concat(rsaCBC, rsaRC4, rsa3DES, ecdheECDSACBC, ecdheRSACBC, []uint16{0x0032, 0x0038, 0x0013}),
			},
			Perhaps: Offer{Versions: []uint16{SSL30}, Suites: null},
			Groups:  []uint16{p256, p384, p521},
			SNI:     true,
			Source:  srcVista,
		}),
		ie(8, 10, Windows7, Client{
			Offer:        Offer{Versions: []uint16{TLS10}, Suites: slices.Concat(schannel7, rsaRC4)},
			Perhaps:      Offer{Versions: []uint16{SSL30}, Suites: dheRSACBC},
			OffByDefault: []uint16{TLS11, TLS12},
			Groups:       []uint16{p256, p384},
			SNI:          true,
			Source:       srcW7,
		}),
		// The system of Windows 8 speaks TLS 1.2; the setting of IE 10 leaves it off.
		ie(10, 10, Windows8, Client{
			Offer:        Offer{Versions: []uint16{TLS10}, Suites: slices.Concat(schannel7, rsaRC4)},
			Perhaps:      Offer{Versions: []uint16{SSL30}},
			OffByDefault: []uint16{TLS11, TLS12},
			Groups:       []uint16{p256, p384},
			SNI:          true,
			Source:       srcW8,
		}),
		ie11(Windows7, schannel7, slices.Concat(dheRSACBC, rsaRC4), srcW7+srcIE),
		// IE 11 came to Windows 8 on Windows Server 2012 and Windows Embedded 8.
		ie11(Windows8, schannel7, rsaRC4, srcW8+srcIE),
		ie11(Windows81, schannel7, slices.Concat(dheRSACBC, rsaRC4), srcW81+srcIE),
		ie11(Windows10, schannel10, schannel10Perhaps, srcW10+srcIE),

		own(Edge, 12, 18, Client{ // EdgeHTML, which uses the system's TLS
			Offer:   Offer{Versions: []uint16{TLS12}, Suites: schannel10},
			Perhaps: Offer{Versions: []uint16{TLS10, TLS11}, Suites: schannel10Perhaps},
			Groups:  []uint16{p256, p384},
			Source:  srcW10,
		}),
		own(Edge, 79, 83, chromium70),
		own(Edge, 84, 0, chromium84),
		own(Chrome, 30, 30, Client{
			Offer: Offer{
				Versions: []uint16{TLS10, TLS11, TLS12},
				Suites:   slices.Concat(ecdheRSACBC, ecdheECDSACBC, rsaCBC, rsa3DES),
			},
			Perhaps: Offer{
				Versions: []uint16{SSL30},
				Suites: slices.Concat([]uint16{0xc027, 0xc023}, rsaCBCSHA2, dheRSACBC, dheRSACBCSHA2,
					[]uint16{0x0032, 0x0038, 0x0013, 0x0016}, rsaRC4, ecdheRC4, ecdhStatic, ecdhe3DES),
			},
			Groups: []uint16{p256, p384},
			Source: srcChrome30,
		}),
		own(Chrome, 31, 69, Client{
			Offer: Offer{
				Versions: []uint16{TLS10, TLS11, TLS12},
				Suites:   slices.Concat(ecdheRSAGCM128, []uint16{0xc02b, 0x009c}, ecdheRSACBC, rsaCBC, rsa3DES),
			},
			Perhaps: Offer{
				Versions: []uint16{SSL30},
				Suites: slices.Concat(ecdheRSAGCM256, []uint16{0xc02c, 0x009d}, chacha, dheRSAGCM, ecdheECDSACBC,
					ecdheCBCSHA2, rsaCBCSHA2, dheRSACBC, dheRSACBCSHA2, dheDSS, rsaRC4, ecdheRC4),
			},
			Groups: []uint16{p256, p384},
			Source: srcChrome,
		}),
		own(Chrome, 70, 83, chromium70),
		own(Chrome, 84, 0, chromium84),

		own(Firefox, 1, 26, Client{
			Offer: Offer{Versions: []uint16{TLS10}, Suites: slices.Concat(rsaCBC, rsa3DES)},
			Perhaps: Offer{
				Versions: []uint16{SSL30},
				Suites: slices.Concat(ecdheRSACBC, ecdheECDSACBC, dheRSACBC, []uint16{0x0032, 0x0038, 0x0013, 0x0016},
					rsaRC4, ecdheRC4, ecdhStatic, ecdhe3DES, []uint16{0x0041, 0x0044, 0x0045, 0x0084, 0x0087, 0x0088, 0x0096}),
			},
			Source: srcFirefox,
		}),
		own(Firefox, 27, 62, Client{
			Offer: Offer{
				Versions: []uint16{TLS10, TLS11, TLS12},
				Suites:   slices.Concat(ecdheRSAGCM128, []uint16{0xc02b}, ecdheECDSACBC, ecdheRSACBC, dheRSACBC, rsaCBC, rsa3DES),
			},
			Perhaps: Offer{
				Versions: []uint16{SSL30},
				Suites: slices.Concat(ecdheRSAGCM256, []uint16{0xc02c}, chacha, rsaRC4, ecdheRC4,
					[]uint16{0x0032, 0x0038, 0x0013, 0x0016}, ecdhe3DES),
			},
			Groups: []uint16{p256, p384, p521},
			Source: srcFirefox,
		}),
		own(Firefox, 63, 77, Client{
			Offer: Offer{
				Versions: []uint16{TLS10, TLS11, TLS12, TLS13},
				Suites: slices.Concat(tls13, ecdheRSAGCM128, ecdheRSAGCM256, ecdheECDSAGCM, chacha, ecdheRSACBC, rsaCBC,
					[]uint16{0xc00a}, rsa3DES),
			},
			Perhaps: Offer{Suites: slices.Concat([]uint16{0xc009}, dheRSACBC)},
			Groups:  []uint16{x25519, p256, p384, p521},
			Source:  srcFirefox,
		}),
		own(Firefox, 78, 0, Client{
			Offer: Offer{
				Versions: []uint16{TLS12, TLS13},
				Suites: slices.Concat(tls13, ecdheRSAGCM128, ecdheRSAGCM256, ecdheECDSAGCM, chacha, ecdheRSACBC, rsaCBC,
					[]uint16{0xc00a}),
			},
			Perhaps: Offer{Suites: slices.Concat([]uint16{0xc009}, rsaGCM, dheRSACBC, rsa3DES)},
			Groups:  []uint16{x25519, p256, p384, p521},
			Source:  srcFirefoxESR,
		}),

		// On a Mac the system decides, not the release of Safari: Safari 9 runs on three
		// systems with two different TLS stacks.
		safari(release(1, 0), release(6, 99), MacOS108, safariTLS10),
		safari(release(7, 0), release(10, 99), MacOS109, safariCBC),
		safari(release(9, 0), release(13, 99), MacOS1011, safariGCM),
		safari(release(12, 1), release(12, 99), MacOS1014, safari13(TLS10, TLS11)),
		safari(release(13, 0), 0, MacOS1014, safari13()),
		safari(release(7, 0), release(8, 99), IOS, safariCBC),
		safari(release(9, 0), release(12, 0), IOS, safariGCM),
		safari(release(12, 1), release(12, 99), IOS, safari13(TLS10, TLS11)),
		safari(release(13, 0), 0, IOS, safari13()),
		// Without the system, only what all systems of that release have in common is certain.
		safari(release(7, 0), release(8, 99), "", safariCBC),
		safari(release(9, 0), release(10, 99), "", perhapsGCM),
		safari(release(11, 0), release(12, 0), "", safariGCM),
		safari(release(12, 1), release(13, 99), "", perhaps13),
		safari(release(14, 0), 0, "", safari13()),
	}
}

func ie(from, to int, os OS, c Client) row {
	lo, hi := majors(from, to)
	return row{family: IE, from: lo, to: hi, os: os, Client: c}
}

// ie11 speaks TLS 1.2 everywhere. TLS 1.0 and 1.1 were on by default until the update of
// September 2022, RC4 only after a first refusal.
func ie11(os OS, suites, perhaps []uint16, source string) row {
	return ie(11, 11, os, Client{
		Offer:   Offer{Versions: []uint16{TLS12}, Suites: suites},
		Perhaps: Offer{Versions: []uint16{SSL30, TLS10, TLS11}, Suites: perhaps},
		Groups:  []uint16{p256, p384},
		SNI:     true,
		Source:  source,
	})
}

// own are the browsers of which all releases in the table name the host in the hello, on every system.
func own(f Family, from, to int, c Client) row {
	lo, hi := majors(from, to)
	c.SNI = true
	return row{family: f, from: lo, to: hi, Client: c}
}

func safari(from, to int, os OS, c Client) row {
	c.SNI = true
	c.Source = srcSafari
	return row{family: Safari, from: from, to: to, os: os, Client: c}
}

var (
	chromium70 = Client{
		Offer: Offer{
			Versions: []uint16{TLS10, TLS11, TLS12, TLS13},
			Suites: slices.Concat(tls13, ecdheRSAGCM128, ecdheRSAGCM256, ecdheECDSAGCM, chacha, ecdheRSACBC, rsaGCM, rsaCBC,
				rsa3DES),
		},
		Groups: []uint16{x25519, p256, p384},
		Source: srcChrome,
	}
	chromium84 = Client{
		Offer: Offer{
			Versions: []uint16{TLS12, TLS13},
			Suites:   slices.Concat(tls13, ecdheRSAGCM128, ecdheRSAGCM256, ecdheECDSAGCM, chacha, ecdheRSACBC, rsaGCM, rsaCBC),
		},
		Perhaps: Offer{Suites: rsa3DES},
		Groups:  []uint16{x25519, p256, p384},
		Source:  srcChromium + "; " + srcChrome,
	}

	safariTLS10 = Client{
		Offer: Offer{Versions: []uint16{TLS10}, Suites: rsaCBC},
		Perhaps: Offer{
			Versions: []uint16{SSL30},
			Suites:   slices.Concat(ecdheECDSACBC, ecdheRSACBC, secureTransportPerhaps),
		},
	}
	safariCBC = Client{
		Offer:   Offer{Versions: []uint16{TLS10, TLS11, TLS12}, Suites: secureTransport},
		Perhaps: Offer{Versions: []uint16{SSL30}, Suites: secureTransportPerhaps},
		Groups:  []uint16{p256, p384},
	}
	safariGCM = Client{
		Offer: Offer{
			Versions: []uint16{TLS10, TLS11, TLS12},
			Suites:   slices.Concat(secureTransport, ecdheRSAGCM128, ecdheRSAGCM256, ecdheECDSAGCM, rsaGCM),
		},
		Perhaps: Offer{Suites: slices.Concat(secureTransportPerhaps, chacha, dheRSAGCM)},
		Groups:  []uint16{p256, p384},
	}
	perhapsGCM = Client{
		Offer: safariCBC.Offer,
		Perhaps: Offer{
			Versions: []uint16{SSL30},
			Suites: slices.Concat(secureTransportPerhaps, ecdheRSAGCM128, ecdheRSAGCM256, ecdheECDSAGCM, rsaGCM, chacha,
				dheRSAGCM),
		},
		Groups: []uint16{p256, p384},
	}
	perhaps13 = Client{
		Offer:   Offer{Versions: []uint16{TLS12}, Suites: safariModern},
		Perhaps: Offer{Versions: []uint16{TLS10, TLS11, TLS13}, Suites: slices.Concat(safariModernPerhaps, tls13)},
		Groups:  []uint16{p256, p384},
	}
)

// safari13 is Apple's system TLS with TLS 1.3; old are the versions below 1.2 that are
// still on. From Safari 13 on, within which they were switched off, they are uncertain.
func safari13(old ...uint16) Client {
	c := Client{
		Offer: Offer{
			Versions: append([]uint16{TLS12, TLS13}, old...),
			Suites:   slices.Concat(tls13, safariModern),
		},
		Perhaps: Offer{Suites: safariModernPerhaps},
		Groups:  []uint16{p256, p384},
	}
	if len(old) == 0 {
		c.Perhaps.Versions = []uint16{TLS10, TLS11}
	}
	return c
}
