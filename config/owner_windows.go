package config

import (
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// onlyOwner refuses a file whose access list lets others read it than the owner, the
// running user, SYSTEM and the administrators, who can read every file anyway. An access
// list that cannot be read, or has an entry of an unknown kind, is refused as well.
func onlyOwner(f *os.File) *complaint {
	refused := &complaint{
		"others can read " + f.Name(), `run: icacls "` + f.Name() + `" /inheritance:r /grant:r "%USERNAME%:R"`,
	}
	unknown := &complaint{"cannot tell who can read " + f.Name(), "put it on an NTFS volume, or use env:NAME"}
	sd, err := windows.GetSecurityInfo(windows.Handle(f.Fd()), windows.SE_FILE_OBJECT,
		windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return unknown
	}
	owner, _, err := sd.Owner()
	if err != nil {
		return unknown
	}
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return unknown
	}
	acl, _, err := sd.DACL()
	if err != nil {
		return unknown
	}
	if acl == nil { // no list at all: everybody may do everything
		return refused
	}
	for i := range acl.AceCount {
		var ace *windows.ACCESS_ALLOWED_ACE
		if err := windows.GetAce(acl, uint32(i), &ace); err != nil {
			return unknown
		}
		switch {
		case ace.Header.AceType == windows.ACCESS_DENIED_ACE_TYPE, ace.Header.AceFlags&windows.INHERIT_ONLY_ACE != 0:
			continue
		case ace.Header.AceType != windows.ACCESS_ALLOWED_ACE_TYPE:
			return unknown
		}
		const reads = windows.FILE_READ_DATA | windows.GENERIC_READ | windows.GENERIC_ALL | windows.WRITE_DAC | windows.WRITE_OWNER
		if ace.Mask&reads == 0 {
			continue
		}
		sid := (*windows.SID)(unsafe.Pointer(&ace.SidStart))
		if !sid.Equals(owner) && !sid.Equals(user.User.Sid) &&
			!sid.IsWellKnown(windows.WinLocalSystemSid) && !sid.IsWellKnown(windows.WinBuiltinAdministratorsSid) {
			return refused
		}
	}
	return nil
}
