"""The experiment: server, client, slow link, interpreters, runner."""
