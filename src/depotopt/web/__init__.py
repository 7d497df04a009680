"""The local web app: every click is a command line of depotopt, run as a child process."""
