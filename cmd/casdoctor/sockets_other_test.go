//go:build !linux

package main

const forbidden = "CASDOCTOR_TEST_NO_SOCKETS"

func noSockets() error { return nil }
