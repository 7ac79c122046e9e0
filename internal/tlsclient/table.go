package tlsclient

import "slices"

// The table is in three files: what uses the TLS of Windows (table_schannel.go), the other browsers
// (table_browsers.go), and the other programs (table_programs.go). Here is what they share.

// row is one line of the table: the releases of a family, on one system or on any.
type row struct {
	family   Family
	from, to int // releases, as release() makes them; to 0: no end
	os       OS  // "": any
	Client       // what the releases have in common
}

// table lists the clients; the first row that fits counts.
func table() []row { return slices.Concat(windowsRows(), browserRows(), programRows()) }

// release orders "major.minor".
func release(major, minor int) int { return major*1000 + min(minor, 999) }

// majors are all releases from the first of one to the last of another; to 0: no end.
func majors(from, to int) (int, int) {
	if to == 0 {
		return release(from, 0), 0
	}
	return release(from, 0), release(to, 999)
}

// Groups of suites that several rows name (IANA, "TLS Cipher Suites"). Inside of a row that is
// Ordered they are written out one by one instead.
var (
	tls13         = []uint16{0x1301, 0x1302, 0x1303} // AES_128_GCM, AES_256_GCM, CHACHA20
	ecdheGCM      = []uint16{0xc02b, 0xc02f, 0xc02c, 0xc030}
	chacha        = []uint16{0xcca9, 0xcca8}
	dheRSAGCM     = []uint16{0x009e, 0x009f}
	rsaGCM        = []uint16{0x009c, 0x009d}
	ecdheCBCSHA2  = []uint16{0xc024, 0xc023, 0xc028, 0xc027}
	ecdheECDSACBC = []uint16{0xc00a, 0xc009}
	ecdheRSACBC   = []uint16{0xc013, 0xc014}
	dheRSACBC     = []uint16{0x0033, 0x0039}
	dheRSACBCSHA2 = []uint16{0x0067, 0x006b}
	dheDSS        = []uint16{0x0032, 0x0038, 0x0040, 0x006a, 0x0013}
	rsaCBCSHA2    = []uint16{0x003c, 0x003d}
	rsaCBC        = []uint16{0x002f, 0x0035}
	rsa3DES       = []uint16{0x000a}
	ecdhe3DES     = []uint16{0xc008, 0xc012}
	dhe3DES       = []uint16{0x0016, 0x0013}
	rsaRC4        = []uint16{0x0005, 0x0004}                                                 // SHA, MD5
	ecdheRC4      = []uint16{0xc007, 0xc011}                                                 // ECDSA, RSA
	ecdhStatic    = []uint16{0xc004, 0xc005, 0xc00e, 0xc00f, 0xc025, 0xc026, 0xc029, 0xc02a} // ECDSA, RSA
	camellia      = []uint16{0x0041, 0x0044, 0x0045, 0x0084, 0x0087, 0x0088}
	null          = []uint16{0x0001, 0x0002, 0x003b}
)

// Elliptic curves and the like (IANA, "TLS Supported Groups").
const (
	p256           uint16 = 0x0017
	p384           uint16 = 0x0018
	p521           uint16 = 0x0019
	x25519         uint16 = 0x001d
	x448           uint16 = 0x001e
	ffdhe2048      uint16 = 0x0100
	ffdhe3072      uint16 = 0x0101
	x25519MLKEM768 uint16 = 0x11ec
)

// Signature algorithms (IANA, "TLS SignatureScheme").
const (
	rsaSHA1     uint16 = 0x0201
	rsaSHA256   uint16 = 0x0401
	rsaSHA384   uint16 = 0x0501
	rsaSHA512   uint16 = 0x0601
	dsaSHA1     uint16 = 0x0202
	ecdsaSHA1   uint16 = 0x0203
	ecdsaP256   uint16 = 0x0403
	ecdsaP384   uint16 = 0x0503
	ecdsaP521   uint16 = 0x0603
	rsaPSS256   uint16 = 0x0804
	rsaPSS384   uint16 = 0x0805
	rsaPSS512   uint16 = 0x0806
	ed25519     uint16 = 0x0807
	ed448       uint16 = 0x0808
	rsaPSSPSS   uint16 = 0x0809 // the key itself is for PSS only; the next two too
	rsaPSSPSS38 uint16 = 0x080a
	rsaPSSPSS51 uint16 = 0x080b
)

// The versions from the highest to the lowest, as a row writes them.
var (
	only10 = []uint16{TLS10}
	only12 = []uint16{TLS12}
	upTo12 = []uint16{TLS12, TLS11, TLS10}
	from12 = []uint16{TLS13, TLS12}
	old    = []uint16{TLS11, TLS10}
)

var http2 = []string{"h2", "http/1.1"}
