//! An FTP server of libunftp's: HOST:PORT NAME PASSWORD FOLDER. `anonymous` comes in with any password.

use std::process::ExitCode;
use std::sync::Arc;

use async_trait::async_trait;
use libunftp::ServerBuilder;
use unftp_core::auth::{AuthenticationError, Authenticator, Credentials, Principal};
use unftp_sbe_fs::Filesystem;

/// The one user, by a password in the clear: what the other servers with virtual users do, too.
#[derive(Debug)]
struct Account {
    name: String,
    password: String,
}

#[async_trait]
impl Authenticator for Account {
    async fn authenticate(&self, name: &str, credentials: &Credentials) -> Result<Principal, AuthenticationError> {
        let known = name == self.name && credentials.password.as_ref() == Some(&self.password);
        if known || name == "anonymous" {
            Ok(Principal { username: name.to_string() })
        } else {
            Err(AuthenticationError::BadPassword)
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, name, password, folder] = arguments.as_slice() else {
        eprintln!("HOST:PORT NAME PASSWORD FOLDER");
        return ExitCode::FAILURE;
    };
    let account = Arc::new(Account { name: name.clone(), password: password.clone() });
    let folder = folder.clone();
    let storage = Box::new(move || Filesystem::new(folder.clone()).expect("the folder is there"));
    let server = match ServerBuilder::with_authenticator(storage, account).build() {
        Ok(server) => server,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    match server.listen(address.clone()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
