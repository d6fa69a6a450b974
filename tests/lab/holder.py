"""Logs in and holds a passive port until it is stopped: HOST USER PASSWORD."""

import ftplib
import sys
import time

host, user, password = sys.argv[1:]
ftp = ftplib.FTP(host, user, password)
print(ftp.sendcmd("EPSV"), flush=True)
time.sleep(600)
