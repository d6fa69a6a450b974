"""An FTP server of pyftpdlib's: HOST PORT USER PASSWORD FOLDER [CERTIFICATE], which is a file with the key in it."""

import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
from pyftpdlib.servers import FTPServer

host, port, user, password, folder, *certificate = sys.argv[1:]
handler = FTPHandler
if certificate:
    handler = TLS_FTPHandler
    handler.certfile = certificate[0]
    handler.tls_control_required = True
    handler.tls_data_required = True
# Names that aren't UTF-8 pass as they are; without it they come as question marks.
handler.unicode_errors = "surrogateescape"
handler.authorizer = DummyAuthorizer()
handler.authorizer.add_user(user, password, folder, perm="elradfmwMT")
FTPServer((host, int(port)), handler).serve_forever()
