package cas

// Family is the pace of all calls, for tests.
var Family = family
