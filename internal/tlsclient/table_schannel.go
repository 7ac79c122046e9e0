package tlsclient

import "slices"

// Where the rows for Windows come from. The pages of suites list them in the order of preference.
const (
	srcXP = `Microsoft, "TLS Cipher Suites" (Schannel, Windows Server 2003 and Windows XP); ` +
		`IEBlog 2005-10-22 on the HTTPS defaults of IE 7 (TLS 1.0 on; off in IE 6)`
	srcVista = `Microsoft, "TLS Cipher Suites in Windows Vista", "Protocols in TLS/SSL (Schannel SSP)" ` +
		`(TLS 1.1 and 1.2 not supported)`
	srcW7 = `Microsoft, "TLS Cipher Suites in Windows 7" (with update 3042058), ` +
		`"Protocols in TLS/SSL (Schannel SSP)" (TLS 1.1 and 1.2 disabled by default); KB2973337 (signature algorithms)`
	srcW8 = `Microsoft, "TLS Cipher Suites in Windows 8" (with update 3042058); ` +
		`"WINHTTP_OPTION_SECURE_PROTOCOLS" (SSL 3.0 and TLS 1.0 by default on Windows 7 and 8); KB2973337`
	srcW81 = `Microsoft, "TLS Cipher Suites in Windows 8.1" (with update 2919355); KB2973337 (signature algorithms)`
	srcW10 = `Microsoft, "TLS Cipher Suites in Windows 10 v1511", "… v1903" and "… v22H2"`
	srcW11 = `Microsoft, "TLS Cipher Suites in Windows 11"`
	srcIE  = `; IEBlog 2013-11-12 (IE 11: TLS 1.2 on, no RC4 in the first hello)`
	srcNet = `; Microsoft, "Transport Layer Security (TLS) best practices with the .NET Framework"`
	srcWH  = `; Microsoft, "Option Flags (Winhttp.h)", WINHTTP_OPTION_SECURE_PROTOCOLS`
)

// schannel is the TLS of a Windows: what it offers to the programs that use it.
type schannel struct {
	os      OS
	suites  []uint16 // in its order of preference, without RC4
	perhaps []uint16
	groups  []uint16
	sigs    []uint16
	source  string
}

// sigs7 is the default of Windows 7 to 8.1 (KB2973337 lists it, and adds SHA-512). Later ones offer
// these too.
var sigs7 = []uint16{rsaSHA256, rsaSHA384, rsaSHA1, ecdsaP256, ecdsaP384, ecdsaSHA1, dsaSHA1}

var (
	// suites7 are those of Windows 7 and 8.1: ECDHE_RSA with GCM is in neither.
	suites7 = []uint16{
		0xc028, 0xc027, 0xc014, 0xc013, 0x009f, 0x009e, 0x0039, 0x0033, 0x009d, 0x009c, 0x003d, 0x003c, 0x0035, 0x002f,
		0xc02c, 0xc02b, 0xc024, 0xc023, 0xc00a, 0xc009, 0x006a, 0x0040, 0x0038, 0x0032, 0x000a, 0x0013,
	}
	// suites10 are those that the lists of all releases of Windows 10 enable.
	suites10 = []uint16{
		0xc02c, 0xc02b, 0xc030, 0xc02f, 0xc024, 0xc023, 0xc028, 0xc027, 0xc00a, 0xc009, 0xc014, 0xc013,
		0x009d, 0x009c, 0x003d, 0x003c, 0x0035, 0x002f,
	}

	windows7 = schannel{
		os: Windows7, suites: suites7, perhaps: rsaRC4, groups: []uint16{p256, p384}, sigs: sigs7, source: srcW7,
	}
	windows8 = schannel{ // as Windows 7, without DHE_RSA with CBC
		os: Windows8, perhaps: rsaRC4, groups: []uint16{p256, p384}, sigs: sigs7, source: srcW8,
		suites: slices.DeleteFunc(slices.Clone(suites7), func(id uint16) bool { return slices.Contains(dheRSACBC, id) }),
	}
	windows81 = schannel{
		os: Windows81, suites: suites7, perhaps: rsaRC4, groups: []uint16{p256, p384}, sigs: sigs7, source: srcW81,
	}
	windows10 = schannel{
		os: Windows10, suites: suites10, groups: []uint16{p256, p384}, sigs: sigs7, source: srcW10,
		// On in the first releases and taken out of the list of a later one.
		perhaps: slices.Concat(dheRSAGCM, dheRSACBC, dheDSS, rsa3DES, rsaRC4),
	}
	windows11 = schannel{
		os: Windows11, groups: []uint16{p256, p384}, source: srcW11,
		suites:  slices.Concat([]uint16{0x1302, 0x1301}, suites10),
		perhaps: slices.Concat([]uint16{0x1303}, dheRSAGCM, rsa3DES),
		sigs:    append([]uint16{rsaPSS256, rsaPSS384, rsaPSS512}, sigs7...),
	}
)

// client is a program that takes these versions and all suites of the system.
func (w schannel) client(versions ...uint16) Client {
	return Client{
		Hello: Hello{
			Versions: versions, Suites: w.suites, Groups: w.groups, SignatureAlgorithms: w.sigs, SNI: true,
		},
		Ordered: true,
		Perhaps: Offer{Suites: w.perhaps},
		SHA1:    Open, // refused of public authorities since 2017, accepted of an own one
		Source:  w.source,
	}
}

// later leaves versions open.
func (c Client) later(versions ...uint16) Client {
	c.Perhaps.Versions = slices.Concat(c.Perhaps.Versions, versions)
	return c
}

// off are versions that are off by default, and what switches TLS 1.2 on.
func (c Client) off(versions []uint16, settings ...Setting) Client {
	c.OffByDefault, c.Settings = versions, settings
	return c
}

// from adds to the source.
func (c Client) from(source string) Client {
	c.Source += source
	return c
}

func windowsRows() []row {
	xp := Client{
		Hello: Hello{Versions: []uint16{TLS10, SSL30}, Suites: []uint16{
			0x0004, 0x0005, 0x000a, 0x0013, 0x0009, 0x0012, 0x0064, 0x0062, 0x0063, 0x0003, 0x0006,
		}},
		Ordered: true, Perhaps: Offer{Suites: null},
		SHA2:   Open, // Microsoft, KB968730: from Service Pack 3 on
		Source: srcXP,
	}
	xp6 := xp
	xp6.Versions, xp6.OffByDefault = []uint16{SSL30}, only10
	vista := Client{
		Hello: Hello{
			Versions: only10, Groups: []uint16{p256, p384, p521}, SNI: true,
			Suites: []uint16{
				0x002f, 0x0035, 0x0005, 0x000a, 0xc009, 0xc00a, 0xc013, 0xc014, 0x0032, 0x0038, 0x0013, 0x0004,
			},
		},
		Ordered: true, Perhaps: Offer{Versions: []uint16{SSL30}, Suites: null},
		Source: srcVista,
	}
	// The system of Windows 8 speaks TLS 1.2; the setting of IE 10 leaves it off, as on Windows 7.
	oldIE := func(w schannel) Client { return w.client(TLS10).later(SSL30).off(old12, internetOptions) }
	// IE 11 speaks TLS 1.2 everywhere. TLS 1.0 and 1.1 were on by default until the update of
	// September 2022, RC4 only after a first refusal.
	ie11 := func(w schannel) Client { return w.client(TLS12).later(TLS11, TLS10, SSL30).from(srcIE) }
	ie11on10 := ie11(windows10)
	ie11on11 := windows11.client(from12...).later(old...).from(srcIE)
	ie11on10.ALPN, ie11on11.ALPN = http2, http2

	edge := windows10.client(TLS12).later(TLS11, TLS10) // EdgeHTML, which uses the system's TLS
	edge.ALPN = http2

	rows := []row{
		windows(IE, 6, 6, WindowsXP, xp6),
		windows(IE, 7, 8, WindowsXP, xp),
		windows(IE, 7, 9, WindowsVista, vista),
		windows(IE, 8, 10, Windows7, oldIE(windows7)),
		windows(IE, 10, 10, Windows8, oldIE(windows8)),
		windows(IE, 11, 11, Windows7, ie11(windows7)),
		// IE 11 came to Windows 8 on Windows Server 2012 and Windows Embedded 8.
		windows(IE, 11, 11, Windows8, ie11(windows8)),
		windows(IE, 11, 11, Windows81, ie11(windows81)),
		windows(IE, 11, 11, Windows10, ie11on10),
		// The Internet Explorer mode of Edge uses the system's TLS, and is all of it on Windows 11.
		windows(IE, 11, 11, Windows11, ie11on11),
		windows(IE, 11, 11, Windows10or11, ie11on10.orTLS13()),
		windows(Edge, 12, 18, "", edge),
	}
	for _, w := range []schannel{windows7, windows8, windows81, windows10, windows11} {
		rows = append(rows, w.programs()...)
	}
	return append(rows, row{
		family: PowerShell, from: release(3, 0), to: release(5, 999), os: Windows10or11, Client: windows10.shell().orTLS13(),
	}, row{
		family: PowerShell, from: release(6, 0), os: Windows10or11,
		Client: windows10.client(TLS12).later(TLS11, TLS10).from(srcNet).orTLS13(),
	})
}

var old12 = []uint16{TLS12, TLS11}

// orSuites leaves suites open.
func (c Client) orSuites(suites ...uint16) Client {
	c.Perhaps.Suites = slices.Concat(c.Perhaps.Suites, suites)
	return c
}

// programs are .NET, PowerShell and WinHTTP on a Windows.
func (w schannel) programs() []row {
	// system are the versions that Windows gives to a program that asks for none.
	system := w.client(upTo12...)
	switch w.os {
	case Windows7:
		system = w.client(TLS10).later(SSL30).off(old12, schannelClient)
	case Windows11:
		system = w.client(from12...).later(old...)
	}
	// The fixed choice of the old .NET: SSL 3.0 and TLS 1.0.
	fixed := func(s Setting) Client {
		c := w.client(TLS10, SSL30).off(old12, s).from(srcNet)
		if w.os == Windows7 { // "use the system's versions" leaves TLS 1.2 off there
			c.Settings = append(c.Settings, schannelClient)
		}
		return c
	}
	shell := fixed(dotNet4)
	if w.os == Windows10 || w.os == Windows11 {
		shell = w.shell()
	}
	http := system
	if w.os == Windows7 || w.os == Windows8 {
		http = w.client(TLS10).later(SSL30).off(old12, winHTTPDefault)
		if w.os == Windows7 {
			http.Settings = append(http.Settings, schannelClient)
		}
	}
	return []row{
		{family: DotNet, from: release(2, 0), to: release(3, 999), os: w.os, Client: fixed(dotNet2)},
		{family: DotNet, from: release(4, 0), to: release(4, 5), os: w.os, Client: fixed(dotNet4)},
		// It asks for these versions itself, whatever the system's default is.
		{family: DotNet, from: release(4, 6), to: release(4, 6), os: w.os, Client: w.client(upTo12...).from(srcNet)},
		{family: DotNet, from: release(4, 7), to: release(4, 999), os: w.os, Client: system.from(srcNet)},
		{family: DotNet, from: release(5, 0), os: w.os, Client: system.from(srcNet)},
		{family: PowerShell, from: release(2, 0), to: release(2, 999), os: w.os, Client: fixed(dotNet2)},
		{family: PowerShell, from: release(3, 0), to: release(5, 999), os: w.os, Client: shell},
		{family: PowerShell, from: release(6, 0), os: w.os, Client: system.from(srcNet)},
		{family: WinHTTP, os: w.os, Client: http.from(srcWH)},
	}
}

// shell is the PowerShell of Windows 10 and later: what it gets of the .NET 4.7 or later below it
// is not documented.
func (w schannel) shell() Client {
	return w.client(TLS10).later(TLS12, TLS11, SSL30).from(srcNet)
}

// orTLS13 is the client on a system that may be Windows 11.
func (c Client) orTLS13() Client { return c.later(TLS13).orSuites(0x1302, 0x1301) }

func windows(f Family, from, to int, os OS, c Client) row {
	lo, hi := majors(from, to)
	return row{family: f, from: lo, to: hi, os: os, Client: c}
}
