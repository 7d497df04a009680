"""One module per group of cases; the suite is the word before the first underscore of its file name."""
