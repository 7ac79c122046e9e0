package lab

import (
	"encoding/json"
	"time"
)

// browserSignIn is one sign-in with a browser, in the shape of Graph's example ("List signIns",
// example 1).
func browserSignIn(id, user, browser, system string, at time.Time) json.RawMessage {
	raw, err := json.Marshal(entity{
		"id": id, "createdDateTime": at.UTC().Format(time.RFC3339), "userId": user, "userDisplayName": "Somebody of Contoso",
		"userPrincipalName": "somebody-" + id + "@" + tenantDomain, "appDisplayName": "Office 365",
		"clientAppUsed": "Browser", "conditionalAccessStatus": "notApplied", "isInteractive": true, "ipAddress": "203.0.113.77",
		"status": entity{"errorCode": 0, "failureReason": nil, "additionalDetails": nil},
		"deviceDetail": entity{
			"deviceId": "", "displayName": nil, "operatingSystem": system, "browser": browser, "isCompliant": nil,
			"isManaged": nil, "trustType": nil,
		},
	})
	if err != nil { // strings and times always can be written
		panic(err)
	}
	return raw
}

// signInsOfOldBrowsers are those of seven people with Internet Explorer 11 on Windows 7, one of whom
// also uses a current browser, as three others do.
func signInsOfOldBrowsers(now time.Time) []json.RawMessage {
	var list []json.RawMessage
	add := func(user int, browser, system string) {
		at := now.Add(-time.Duration(len(list)+1) * time.Hour)
		list = append(list, browserSignIn(numbered("51616e00", len(list)), numbered("0e0b1e00", user), browser, system, at))
	}
	for user := range 7 {
		add(user, "IE 11.0", "Windows 7")
	}
	add(0, "IE 11.0", "Windows 7") // again: counted once
	for user := range 4 {
		add(user+6, "Chrome 142.0.7444", "Windows10")
	}
	return list
}
