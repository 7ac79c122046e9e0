package tlsclient

// Setting is one documented switch of a client, or of the Windows below it, that lets the client
// offer a version that is off by default. It never adds a cipher suite.
type Setting struct {
	Kind   SettingKind
	Update string   // what must be installed for the setting to work: "KB3140245"; "" for nothing
	Keys   []string // registry keys, the same value in each; none: it is no registry setting
	Values []string // "SecureProtocols = 0xA80"
	Source string
}

// SettingKind names the switch.
type SettingKind string

// The switches.
const (
	InternetOptions SettingKind = "internet_options" // a tick in a dialogue; the registry value is the same thing
	SchannelClient  SettingKind = "schannel"         // TLS 1.2 of Windows itself, where that has it off
	WinHTTPDefault  SettingKind = "winhttp"          // what programs get that use WinHTTP's default
	DotNetStrong    SettingKind = "dotnet"           // what programs get that use .NET's default
	JavaProtocols   SettingKind = "java"             // a system property of the program
)

// The registry keys, as Microsoft's pages print them.
const (
	keySchannel  = `HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\Client`
	keyInternet  = `HKCU\Software\Microsoft\Windows\CurrentVersion\Internet Settings`
	keyWinHTTP   = `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings\WinHttp`
	keyWinHTTP32 = `HKLM\SOFTWARE\Wow6432Node\Microsoft\Windows\CurrentVersion\Internet Settings\WinHttp`
	keyNet4      = `HKLM\SOFTWARE\Microsoft\.NETFramework\v4.0.30319`
	keyNet4x32   = `HKLM\SOFTWARE\Wow6432Node\Microsoft\.NETFramework\v4.0.30319`
	keyNet2      = `HKLM\SOFTWARE\Microsoft\.NETFramework\v2.0.50727`
	keyNet2x32   = `HKLM\SOFTWARE\Wow6432Node\Microsoft\.NETFramework\v2.0.50727`
)

var (
	schannelClient = Setting{
		Kind: SchannelClient, Keys: []string{keySchannel}, Values: []string{"Enabled = 1", "DisabledByDefault = 0"},
		Source: `Microsoft, "Transport Layer Security (TLS) registry settings"`,
	}
	internetOptions = Setting{
		// 0xA80 is 0x080 (TLS 1.0), 0x200 (1.1) and 0x800 (1.2).
		Kind: InternetOptions, Keys: []string{keyInternet}, Values: []string{"SecureProtocols = 0xA80"},
		Source: `Microsoft, "TLS 1.0, 1.1 and 1.2 in Internet Explorer" (Internet Options, Advanced)`,
	}
	winHTTPDefault = Setting{
		// 0xA00 is 0x200 (TLS 1.1) and 0x800 (1.2).
		Kind: WinHTTPDefault, Update: "KB3140245", Keys: []string{keyWinHTTP, keyWinHTTP32},
		Values: []string{"DefaultSecureProtocols = 0xA00"},
		Source: `Microsoft, KB3140245, "Update to enable TLS 1.1 and TLS 1.2 as default secure protocols in WinHTTP"`,
	}
	dotNet4 = Setting{
		Kind: DotNetStrong, Keys: []string{keyNet4, keyNet4x32}, Values: []string{"SchUseStrongCrypto = 1", "SystemDefaultTlsVersions = 1"},
		Source: `Microsoft, "Transport Layer Security (TLS) best practices with the .NET Framework"`,
	}
	dotNet2 = Setting{
		Kind: DotNetStrong, Keys: []string{keyNet2, keyNet2x32}, Values: []string{"SchUseStrongCrypto = 1", "SystemDefaultTlsVersions = 1"},
		Source: `Microsoft, "Transport Layer Security (TLS) best practices with the .NET Framework"`,
	}
	javaProtocols = Setting{
		Kind: JavaProtocols, Values: []string{"-Djdk.tls.client.protocols=TLSv1.2", "-Dhttps.protocols=TLSv1.2"},
		Source: `Oracle, "Java Secure Socket Extension (JSSE) Reference Guide" (Java 7)`,
	}
)
