package main

import (
	"os"

	"golang.org/x/sys/windows"
)

// colours has the console understand escape sequences, which is off unless a program asks for it,
// and reports whether it does. The text itself needs nothing: Go hands a console UTF-16.
func colours(f *os.File) bool {
	var mode uint32
	console := windows.Handle(f.Fd())
	return windows.GetConsoleMode(console, &mode) == nil &&
		windows.SetConsoleMode(console, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}

// systemLanguage is the language that Windows speaks with this user, such as ja-JP: no variable says it.
func systemLanguage() string {
	languages, err := windows.GetUserPreferredUILanguages(windows.MUI_LANGUAGE_NAME)
	if err != nil || len(languages) == 0 {
		return ""
	}
	return languages[0]
}
