"""An FTP server of pyftpdlib's: HOST PORT USER PASSWORD FOLDER."""

import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer

host, port, user, password, folder = sys.argv[1:]
handler = FTPHandler
handler.authorizer = DummyAuthorizer()
handler.authorizer.add_user(user, password, folder, perm="elradfmwMT")
FTPServer((host, int(port)), handler).serve_forever()
