package tlsclient

import "slices"

// Where the rows for browsers with a TLS of their own, and for Safari, come from.
const (
	srcChrome30 = `Chromium net/third_party/nss/README.chromium (NSS 3.15.1) and NSS 3.15.1 release notes ` +
		`(TLS 1.2 and HMAC-SHA256, "AES GCM cipher suites are not yet supported")`
	srcChrome = `Google Security Blog 2018-10-15 "Modernizing Transport Security" (ECDHE with AES-GCM; ` +
		`TLS 1.3 in Chrome 70; end of TLS 1.0 and 1.1, carried out in release 84); ` +
		`Google Security Blog 2016-11-16 (end of SHA-1 certificates)`
	srcChromium = `capture of Chromium 156 (2026), own-captures.tsv; Google Security Blog 2024-09-13 (ML-KEM from release 131)`
	srcFirefox  = `Mozilla, NSS release notes 3.15.2 (AES-GCM), 3.23 (ChaCha20), 3.25 (SHA384); ` +
		`release notes of Firefox 27 (TLS 1.2 on); ` +
		`Mozilla Security Blog 2018-08-13 (final TLS 1.3 in Firefox 63), 2017-02-23 (end of SHA-1 certificates); ` +
		`Mozilla Hacks 2020-02 with its updates (TLS 1.0 and 1.1 off from Firefox 78)`
	srcFirefoxESR = `capture of Firefox ESR 153 (2026), own-captures.tsv; release notes of Firefox 132 (ML-KEM); ` +
		`Mozilla Hacks 2020-02 with its updates (TLS 1.0 and 1.1 off from Firefox 78)`
	srcSafari = `Apple, Security framework, sslCipherSpecs.c ` +
		`(AES-GCM off in the release for OS X 10.9, on from 10.11); ` +
		`Apple Platform Security, "TLS security" (TLS 1.3 from iOS 12.2); ` +
		`WebKit Blog 8462 (end of TLS 1.0 and 1.1 from March 2020)`
)

func browserRows() []row {
	return []row{
		own(Edge, 79, 83, chromium70),
		own(Edge, 84, 130, chromium84),
		own(Edge, 131, 0, chromium131),
		own(Chrome, 30, 30, Client{
			Hello: Hello{
				Versions: upTo12,
				Suites:   slices.Concat(ecdheRSACBC, ecdheECDSACBC, rsaCBC, rsa3DES),
				Groups:   []uint16{p256, p384}, SignatureAlgorithms: sigsSHA2,
			},
			Perhaps: Offer{
				Versions: []uint16{SSL30},
				Suites: slices.Concat([]uint16{0xc027, 0xc023}, rsaCBCSHA2, dheRSACBC, dheRSACBCSHA2,
					[]uint16{0x0032, 0x0038}, dhe3DES, rsaRC4, ecdheRC4, ecdhStatic, ecdhe3DES),
			},
			Source: srcChrome30,
		}),
		own(Chrome, 31, 69, Client{
			Hello: Hello{
				Versions: upTo12,
				Suites:   slices.Concat([]uint16{0xc02b, 0xc02f, 0x009c}, ecdheRSACBC, rsaCBC, rsa3DES),
				Groups:   []uint16{p256, p384}, SignatureAlgorithms: sigsSHA2,
			},
			Perhaps: Offer{
				Versions: []uint16{SSL30},
				Suites: slices.Concat([]uint16{0xc030, 0xc02c, 0x009d}, chacha, dheRSAGCM, ecdheECDSACBC,
					ecdheCBCSHA2, rsaCBCSHA2, dheRSACBC, dheRSACBCSHA2, dheDSS, rsaRC4, ecdheRC4),
			},
			SHA1:   Open,
			Source: srcChrome,
		}),
		own(Chrome, 70, 83, chromium70),
		own(Chrome, 84, 130, chromium84),
		own(Chrome, 131, 0, chromium131),

		own(Firefox, 1, 26, Client{
			Hello: Hello{Versions: only10, Suites: slices.Concat(rsaCBC, rsa3DES)},
			Perhaps: Offer{
				Versions: []uint16{SSL30},
				Suites: slices.Concat(ecdheRSACBC, ecdheECDSACBC, dheRSACBC, []uint16{0x0032, 0x0038}, dhe3DES,
					rsaRC4, ecdheRC4, ecdhStatic, ecdhe3DES, camellia, []uint16{0x0096}),
			},
			Source: srcFirefox,
		}),
		own(Firefox, 27, 62, Client{
			Hello: Hello{
				Versions: upTo12,
				Suites:   slices.Concat([]uint16{0xc02b, 0xc02f}, ecdheECDSACBC, ecdheRSACBC, dheRSACBC, rsaCBC, rsa3DES),
				Groups:   []uint16{p256, p384, p521}, SignatureAlgorithms: sigsSHA2,
			},
			Perhaps: Offer{
				Versions: []uint16{SSL30},
				Suites: slices.Concat([]uint16{0xc030, 0xc02c}, chacha, rsaRC4, ecdheRC4, []uint16{0x0032, 0x0038}, dhe3DES,
					ecdhe3DES),
			},
			SHA1:   Open,
			Source: srcFirefox,
		}),
		own(Firefox, 63, 77, Client{
			Hello: Hello{
				Versions: []uint16{TLS13, TLS12, TLS11, TLS10},
				Suites:   append(slices.Clone(firefoxSuites[:12]), 0x002f, 0x0035, 0x000a),
				Groups:   []uint16{x25519, p256, p384, p521, ffdhe2048, ffdhe3072}, SignatureAlgorithms: firefoxSigs,
			},
			Perhaps: Offer{Suites: slices.Concat([]uint16{0xc009}, dheRSACBC)},
			SHA1:    Open,
			Source:  srcFirefox,
		}),
		own(Firefox, 78, 131, firefox78(x25519, p256, p384, p521, ffdhe2048, ffdhe3072)),
		own(Firefox, 132, 0, firefox78(x25519MLKEM768, x25519, p256, p384, p521, ffdhe2048, ffdhe3072)),

		// On a Mac the system decides, not the release of Safari: Safari 9 runs on three
		// systems with two different TLS stacks.
		safari(release(1, 0), release(6, 999), MacOS108, safariTLS10),
		safari(release(7, 0), release(10, 999), MacOS109, safariCBC),
		safari(release(9, 0), release(13, 999), MacOS1011, safariGCM),
		safari(release(12, 1), release(12, 999), MacOS1014, safari13(old...)),
		safari(release(13, 0), 0, MacOS1014, safari13()),
		safari(release(7, 0), release(8, 999), IOS, safariCBC),
		safari(release(9, 0), release(12, 0), IOS, safariGCM),
		safari(release(12, 1), release(12, 999), IOS, safari13(old...)),
		safari(release(13, 0), 0, IOS, safari13()),
		// Without the system, only what all systems of that release have in common is certain.
		safari(release(7, 0), release(8, 999), "", safariCBC),
		safari(release(9, 0), release(10, 999), "", perhapsGCM),
		safari(release(11, 0), release(12, 0), "", safariGCM),
		safari(release(12, 1), release(13, 999), "", perhaps13),
		safari(release(14, 0), 0, "", safari13()),
	}
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

// sigsSHA2 is what RFC 5246 section 7.4.1.4.1 gives to a client of TLS 1.2 that knows SHA-2:
// enough for what a prediction needs of the browsers of which no hello was captured.
var sigsSHA2 = []uint16{rsaSHA256, rsaSHA384, rsaSHA512, ecdsaP256, ecdsaP384, ecdsaP521, rsaSHA1, ecdsaSHA1}

// The suites of the captures, in their order; without GREASE.
var (
	chromiumSuites = []uint16{
		0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035,
	}
	chromiumSigs = []uint16{
		ecdsaP256, rsaPSS256, rsaSHA256, ecdsaP384, rsaPSS384, rsaSHA384, rsaPSS512, rsaSHA512,
	}
	firefoxSuites = []uint16{
		0x1301, 0x1303, 0x1302, 0xc02b, 0xc02f, 0xcca9, 0xcca8, 0xc02c, 0xc030, 0xc00a, 0xc013, 0xc014, 0x002f, 0x0035,
	}
	firefoxSigs = []uint16{
		ecdsaP256, ecdsaP384, ecdsaP521, rsaPSS256, rsaPSS384, rsaPSS512, rsaSHA256, rsaSHA384, rsaSHA512, ecdsaSHA1, rsaSHA1,
	}
)

var (
	chromium70 = Client{
		Hello: Hello{
			Versions: []uint16{TLS13, TLS12, TLS11, TLS10},
			Suites:   append(slices.Clone(chromiumSuites), 0x000a),
			Groups:   []uint16{x25519, p256, p384}, SignatureAlgorithms: chromiumSigs, ALPN: http2,
		},
		SHA1:   Open, // an own authority could be exempted until release 72
		Source: srcChrome,
	}
	chromium84 = Client{
		Hello: Hello{
			Versions: from12, Suites: chromiumSuites,
			Groups: []uint16{x25519, p256, p384}, SignatureAlgorithms: chromiumSigs, ALPN: http2,
		},
		Ordered: true,
		Perhaps: Offer{Suites: rsa3DES}, // last in the order
		SHA1:    No,
		Source:  srcChromium + "; " + srcChrome,
	}
	chromium131 = Client{
		Hello: Hello{
			Versions: from12, Suites: chromiumSuites,
			Groups: []uint16{x25519MLKEM768, x25519, p256, p384}, SignatureAlgorithms: chromiumSigs, ALPN: http2,
		},
		Ordered: true,
		SHA1:    No,
		Source:  srcChromium,
	}

	safariTLS10 = Client{
		Hello: Hello{Versions: only10, Suites: rsaCBC},
		Perhaps: Offer{
			Versions: []uint16{SSL30},
			Suites:   slices.Concat(ecdheECDSACBC, ecdheRSACBC, secureTransportPerhaps),
		},
	}
	safariCBC = Client{
		Hello: Hello{
			Versions: upTo12, Suites: secureTransport, Groups: []uint16{p256, p384}, SignatureAlgorithms: sigsSHA2,
		},
		Perhaps: Offer{Versions: []uint16{SSL30}, Suites: secureTransportPerhaps},
	}
	safariGCM = Client{
		Hello: Hello{
			Versions: upTo12, Groups: []uint16{p256, p384}, SignatureAlgorithms: sigsSHA2,
			Suites: slices.Concat([]uint16{0xc02c, 0xc02b}, secureTransport[:4], []uint16{0xc030, 0xc02f},
				secureTransport[4:], []uint16{0x009d, 0x009c}),
		},
		Perhaps: Offer{Suites: slices.Concat(secureTransportPerhaps, chacha, dheRSAGCM)},
		SHA1:    Open,
	}
	perhapsGCM = Client{
		Hello: safariCBC.Hello,
		Perhaps: Offer{
			Versions: []uint16{SSL30},
			Suites:   slices.Concat(secureTransportPerhaps, ecdheGCM, rsaGCM, chacha, dheRSAGCM),
		},
		SHA1: Open,
	}
	perhaps13 = Client{
		Hello: Hello{
			Versions: only12, Suites: safariModern, Groups: []uint16{p256, p384}, SignatureAlgorithms: sigsSHA2,
		},
		Perhaps: Offer{Versions: []uint16{TLS13, TLS11, TLS10}, Suites: slices.Concat(safariModernPerhaps, tls13)},
		SHA1:    Open,
	}
)

// firefox78 ended TLS 1.0 and 1.1. Suites that came or went since are open, 3DES and RSA with
// GCM among them.
func firefox78(groups ...uint16) Client {
	return Client{
		Hello: Hello{
			Versions: from12, Suites: firefoxSuites, Groups: groups, SignatureAlgorithms: firefoxSigs, ALPN: http2,
		},
		Ordered: true,
		Perhaps: Offer{Suites: slices.Concat([]uint16{0xc009}, rsaGCM, dheRSACBC, rsa3DES)},
		SHA1:    Open, // an own authority may still use it
		Source:  srcFirefoxESR,
	}
}

// safari13 is Apple's system TLS with TLS 1.3; old are the versions below 1.2 that are
// still on. From Safari 13 on, within which they were switched off, they are uncertain.
func safari13(below ...uint16) Client {
	c := Client{
		Hello: Hello{
			Versions: slices.Concat(from12, below), Suites: slices.Concat(tls13, safariModern),
			Groups:              []uint16{x25519, p256, p384, p521},
			SignatureAlgorithms: append([]uint16{rsaPSS256, rsaPSS384, rsaPSS512}, sigsSHA2...), ALPN: http2,
		},
		Perhaps: Offer{Suites: safariModernPerhaps},
		SHA1:    Open,
	}
	if len(below) == 0 {
		c.Perhaps.Versions = old
	}
	return c
}

var (
	// secureTransport are the suites of Apple's system TLS that need no GCM.
	secureTransport = slices.Concat([]uint16{0xc024, 0xc023, 0xc00a, 0xc009, 0xc028, 0xc027, 0xc014, 0xc013}, rsaCBCSHA2, rsaCBC)

	// secureTransportPerhaps are the ones that were dropped at some point, or that are left out
	// of a hello in some modes (static ECDH, DHE, 3DES and RC4).
	secureTransportPerhaps = slices.Concat(ecdhStatic, dheRSACBC, dheRSACBCSHA2, ecdhe3DES, rsa3DES, []uint16{0x0016},
		ecdheRC4, rsaRC4)

	// safariModern has outlived all changes since TLS 1.3 came to Apple's systems.
	safariModern = slices.Concat([]uint16{0xc02c, 0xc02b, 0xc030, 0xc02f}, ecdheECDSACBC, ecdheRSACBC, rsaGCM, rsaCBC)

	// safariModernPerhaps came or went since then.
	safariModernPerhaps = slices.Concat(chacha, ecdheCBCSHA2, rsaCBCSHA2, dheRSAGCM, secureTransportPerhaps)
)
