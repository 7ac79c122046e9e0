package config

import "testing"

func TestResolveOnWindows(t *testing.T) {
	l := newLoader(`C:\casdoctor\casdoctor.yaml`)
	for path, want := range map[string]string{
		`secret`:             `C:\casdoctor\secret`,
		`keys/secret`:        `C:\casdoctor\keys\secret`,
		`D:\keys\secret`:     `D:\keys\secret`,
		`D:/keys/secret`:     `D:/keys/secret`,
		`\keys\secret`:       `\keys\secret`,
		`D:secret`:           `D:secret`,
		`\\server\share\key`: `\\server\share\key`,
	} {
		if got := l.resolve(path); got != want {
			t.Errorf("%s is %s, not %s", path, got, want)
		}
	}
}
