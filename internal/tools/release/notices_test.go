package main

import "testing"

func TestLicenceOf(t *testing.T) {
	for text, want := range map[string]string{
		"                                 Apache License\n                           Version 2.0, January 2004\n":                                                      "Apache-2.0",
		"Mozilla Public License Version 2.0\n====\n":                                                                                                                   "MPL-2.0",
		"Copyright (c) 2026\n\nRedistribution and use in source and binary forms, with or\nwithout\n * Neither the name … may be used to endorse or\npromote products": "BSD-3-Clause",
		"Redistribution and use in source and binary forms, with or without …\n2. Redistributions in binary form must reproduce the above\n   copyright notice":        "BSD-2-Clause",
		"// Permission is hereby granted, free of charge, to any person obtaining\n// a copy … THE SOFTWARE IS PROVIDED \"AS IS\"":                                     "MIT",
		"Permission to use, copy, modify, and distribute this software for any\npurpose with or without fee is hereby granted, provided …":                             "ISC",
		// What may not be linked is known by nothing.
		"GNU GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007": "",
		"GNU AFFERO GENERAL PUBLIC LICENSE":                   "",
		"Business Source License 1.1":                         "",
		"All rights reserved.":                                "",
	} {
		got, ok := licenceOf(text)
		if got != want || ok != (want != "") {
			t.Errorf("%.40q is %q (%v), not %q", text, got, ok, want)
		}
	}
}
