"""An FTP server of pyftpdlib's for many clients: HOST PORT USER PASSWORD FOLDER. Anonymous clients may read."""

import logging
import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer

host, port, user, password, folder = sys.argv[1:]
# A line for each login would cost more than the login.
logging.basicConfig(level=logging.ERROR)
handler = FTPHandler
handler.authorizer = DummyAuthorizer()
handler.authorizer.add_user(user, password, folder, perm="elradfmwMT")
handler.authorizer.add_anonymous(folder)
server = FTPServer((host, int(port)), handler)
server.max_cons = 20_000
server.serve_forever()
