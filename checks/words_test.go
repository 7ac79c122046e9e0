package checks

import (
	"slices"
	"testing"
)

// TestOnce: three things behind one permission are one sentence; what differs otherwise, or was said
// by another version, stays.
func TestOnce(t *testing.T) {
	const missing = "forbidden_permission"
	said := func(code string, args ...string) Reason {
		r := because(code, args...)
		r.Text = Sentence("MFA-01", r)
		return r
	}
	reasons := []Reason{
		said(missing, "what", "per_user_mfa_state", "permission", "Policy.Read.All", "code", "accessDenied", "detail", "per-user"),
		said("per_user_mfa_off"),
		said(missing, "what", "security_defaults", "permission", "Policy.Read.All", "code", "AccessDenied", "status", "403"),
		said(missing, "what", "policies", "permission", "Policy.Read.All"),
		said(missing, "what", "policies", "permission", "Policy.Read.All"),
		said(missing, "what", "account_enabled", "permission", "User.Read.All"),
		said(missing, "what", "user_type", "permission", "User.Read.All"),
	}
	texts := func(list []Reason) (out []Text) {
		for _, r := range list {
			out = append(out, r.Text)
		}
		return out
	}
	want := []Text{
		{
			"The per-user MFA state, the security defaults and the Conditional Access policies may not be read: the permission Policy.Read.All is missing. Grant it and run again.",
			"ユーザごとの MFA の状態、セキュリティの既定値と条件付きアクセス ポリシーを読み取れません。Policy.Read.All の権限がありません。付与して再実行してください。",
		},
		reasons[1].Text,
		{
			"Whether the account is enabled and whether the account is a guest may not be read: the permission User.Read.All is missing. Grant it and run again.",
			"アカウントが有効かどうかとアカウントがゲストかどうかを読み取れません。User.Read.All の権限がありません。付与して再実行してください。",
		},
	}
	before := texts(reasons)
	if got := texts(Once(reasons)); !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	if !slices.Equal(texts(reasons), before) {
		t.Error("the reasons themselves are changed")
	}
	other := slices.Clone(reasons)
	other[0].Text.EN = "As another version said it."
	if got := texts(Once(other)); !slices.Equal(got, texts(other)) {
		t.Errorf("words of another version are replaced: %q", got)
	}
}
