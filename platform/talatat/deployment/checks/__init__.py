"""The platform's own deployment checks, in the order in which they are told."""

from typing import Any

from talatat.deployment.checks import files, http, postgresql, running, secrets


def includeme(config: Any) -> None:
    """The table of contents."""
    add = config.add_deployment_check
    warning, info = {"severity": "warning"}, {"severity": "info"}

    add("development", running.development, "Development stays on one machine", development=True)
    add("debug", running.debug, "No key of Pyramid's for debugging is on")
    add("debug-toolbar", running.debug_toolbar, "No toolbar for debugging is composed")
    add("tracebacks", running.tracebacks, "No traceback is sent to clients")

    add("hosts", http.hosts, "Only listed hosts are answered")
    add("https", http.https, "Requests are known to come over https")
    add("hsts", http.hsts, "Browsers are told to use https alone", **warning)
    add("cookies", http.cookies, "Cookies of Pyramid's sessions are guarded")
    add("cors", http.cors, "No page of anybody may call the API", **warning)
    add("trusted-proxy", http.trusted_proxy, "One proxy is trusted, and nobody passes it by")
    add("forwarded", http.forwarded, "Nobody but the proxy says where a request came from")
    add("client-address", http.client_address, "The addresses of clients are known", **warning)

    add("secret-missing", secrets.missing, "Every secret is set", **warning)
    add("secret-weak", secrets.weak, "Secrets are long and random")
    add("secret-shared", secrets.shared, "No secret serves two purposes")
    add("secret-files", secrets.files, "Files of secrets are for the process alone")
    add("secret-committed", secrets.committed, "No secret stands in version control")
    add("database-password", secrets.database_password, "No password stands in the .ini")

    add("ini-files", files.ini_files, "Only their owner writes the .ini's files")
    add("sqlite-files", files.sqlite_files, "The database's files are for the process alone")
    add("sqlite-network", files.sqlite_network, "An SQLite file lies on a disk of this machine")
    add("lock-file", files.lock_file, "A lock file says what was applied", **warning)
    add("backup-age", files.backup_age, "The last backup is of today or yesterday", **warning)
    add("backup", files.backup, "Somebody says where backups are", **info)

    add("database-superuser", postgresql.superuser, "The database's user is no superuser")
    add("database-role", postgresql.role, "The database's user may not make users")
    add(
        "database-owner",
        postgresql.owner,
        "The database's user owns this database alone",
        **warning,
    )
    add("database-schema", postgresql.public_schema, "Not everybody may make tables")
    add("database-tls", postgresql.tls, "A database elsewhere is reached over TLS")
    add(
        "database-timeouts", postgresql.timeouts, "No statement runs, or waits, for ever", **warning
    )
    add("database-version", postgresql.version, "PostgreSQL is still supported", **warning)

    add("python-version", running.python_version, "Python is still supported", **warning)
    add("root", running.root, "No process serves as root")
    add("server", running.server, "The server in the .ini is one whose limits are known", **warning)
    add("threads", running.threads, "Each thread of the server gets a connection", **warning)
    add("limits", running.limits, "Requests are limited in size and time", **warning)
    add("logs", running.logs, "Errors are logged somewhere", **warning)
    add(
        "on-addon-error",
        running.on_addon_error,
        "The system does not start without an addon",
        **warning,
    )
