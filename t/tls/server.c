#include "t/tls/server.h"
#include <errno.h>
#include <gnutls/abstract.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct serving {
	struct server *server;
	gnutls_session_t session;
	gnutls_certificate_credentials_t certificates;
	gnutls_anon_server_credentials_t anonymous;
};

static void must(int rc)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "server: %s\n", gnutls_strerror(rc));
	exit(99);
}

static void hello(int fd)
{
	char bytes[4096];

	if (read(fd, bytes, sizeof bytes) < 0)
		exit(99);
}

static void say(int fd, const void *bytes, size_t length)
{
	send(fd, bytes, length, MSG_NOSIGNAL);
}

/* What needs no TLS. False: the handshake goes on. */
static bool instead(struct server *server)
{
	static const unsigned char fatal[] = {21, 3, 3, 0, 2, 2, 40};
	static const unsigned char warning[] = {21, 3, 3, 0, 2, 1, 112};
	static const unsigned char part[] = {22, 3, 3, 0, 90, 2, 0, 0};

	if (server->does == SERVER_WARNS)
		say(server->fd, warning, sizeof warning);
	if (server->does == SERVER_WARNS || server->does == SERVER_ECHOES
		|| server->does >= SERVER_VANISHES)
		return false;
	hello(server->fd);
	if (server->does == SERVER_SPEAKS_PLAIN)
		say(server->fd, "500 5.5.1 what?\r\n", 17);
	else if (server->does == SERVER_ALERTS)
		say(server->fd, fatal, sizeof fatal);
	else if (server->does == SERVER_CUTS)
		say(server->fd, part, sizeof part);
	else if (server->does == SERVER_SLEEPS)
		hello(server->fd);
	return true;
}

static void identify_raw(struct serving *serving)
{
	const struct forged *identity = serving->server->identity;
	gnutls_datum_t key, public;
	gnutls_pubkey_t pubkey;

	must(gnutls_pubkey_init(&pubkey));
	must(gnutls_pubkey_import_x509(pubkey, identity->crt, 0));
	must(gnutls_pubkey_export2(pubkey, GNUTLS_X509_FMT_PEM, &public));
	must(gnutls_x509_privkey_export2(identity->key, GNUTLS_X509_FMT_PEM, &key));
	must(gnutls_certificate_set_rawpk_key_mem(serving->certificates, &public, &key,
		GNUTLS_X509_FMT_PEM, NULL, 0, NULL, 0, 0));
	gnutls_free(public.data);
	gnutls_free(key.data);
	gnutls_pubkey_deinit(pubkey);
}

static void identify(struct serving *serving)
{
	const struct server *server = serving->server;
	gnutls_x509_crt_t chain[2];

	must(gnutls_certificate_allocate_credentials(&serving->certificates));
	must(gnutls_anon_allocate_server_credentials(&serving->anonymous));
	must(gnutls_certificate_set_known_dh_params(serving->certificates, GNUTLS_SEC_PARAM_MEDIUM));
	must(gnutls_anon_set_server_known_dh_params(serving->anonymous, GNUTLS_SEC_PARAM_MEDIUM));
	if (server->identity) {
		chain[0] = server->identity->crt;
		chain[1] = server->issuer ? server->issuer->crt : NULL;
		must(gnutls_certificate_set_x509_key(serving->certificates, chain,
			server->issuer ? 2 : 1, server->identity->key));
		if (server->raw)
			identify_raw(serving);
		must(gnutls_credentials_set(serving->session, GNUTLS_CRD_CERTIFICATE,
			serving->certificates));
	} else {
		must(gnutls_credentials_set(serving->session, GNUTLS_CRD_ANON,
			serving->anonymous));
	}
}

static void look(struct serving *serving)
{
	struct server *server = serving->server;
	size_t length = sizeof server->sni - 1;
	unsigned type, count = 0;

	server->done = true;
	server->resumed = gnutls_session_is_resumed(serving->session);
	if (server->identity)
		gnutls_certificate_get_peers(serving->session, &count);
	server->client_certificate = count > 0;
	if (gnutls_server_name_get(serving->session, server->sni, &length, &type, 0) < 0)
		server->sni[0] = '\0';
}

static bool before_answer(struct serving *serving)
{
	static const unsigned char junk[35] = {23, 3, 3, 0, 30, 1, 2, 3, 4, 5};
	int rc = 0;

	switch ((int)serving->server->does) {
	case SERVER_VANISHES:
		return false;
	case SERVER_ASKS_AGAIN:
		must(gnutls_rehandshake(serving->session));
		break;
	case SERVER_REKEYS:
		must(gnutls_session_key_update(serving->session, GNUTLS_KU_PEER));
		break;
	case SERVER_BABBLES:
		say(serving->server->fd, junk, sizeof junk);
		break;
	case SERVER_SPILLS:
		while (rc >= 0)
			rc = gnutls_session_ticket_send(serving->session, 1, 0);
		return false;
	}
	return true;
}

static bool put(gnutls_session_t session, const char *data, size_t length)
{
	ssize_t count;

	for (; length > 0; data += count, length -= (size_t)count)
		if ((count = gnutls_record_send(session, data, length)) < 0)
			return false;
	return true;
}

static void answer(struct serving *serving)
{
	static const char greeting[] = "250 ";
	char line[16384];
	ssize_t count;
	bool first = true;

	while ((count = gnutls_record_recv(serving->session, line, sizeof line)) != 0) {
		if (count == GNUTLS_E_WARNING_ALERT_RECEIVED || count == GNUTLS_E_AGAIN)
			continue; /* no_renegotiation, say */
		if (count < 0)
			return;
		serving->server->heard += (size_t)count;
		if (serving->server->does == SERVER_SWALLOWS)
			continue;
		if (first && !before_answer(serving))
			return;
		if ((first && !put(serving->session, greeting, 4))
			|| !put(serving->session, line, (size_t)count))
			return;
		first = line[count - 1] == '\n';
		if (serving->server->does == SERVER_ENDS)
			gnutls_bye(serving->session, GNUTLS_SHUT_WR);
	}
	serving->server->said_goodbye = true;
}

static void serve_tls(struct serving *serving)
{
	struct server *server = serving->server;
	int rc;

	must(gnutls_init(&serving->session, GNUTLS_SERVER | GNUTLS_NO_SIGNAL
		| (server->raw ? GNUTLS_ENABLE_RAWPK : 0)
		| (server->ticket_key ? 0 : GNUTLS_NO_TICKETS)));
	must(gnutls_priority_set_direct(serving->session, server->priority, NULL));
	identify(serving);
	if (server->ticket_key)
		must(gnutls_session_ticket_enable_server(serving->session, server->ticket_key));
	if (server->asks || server->insists)
		gnutls_certificate_server_set_request(serving->session,
			server->insists ? GNUTLS_CERT_REQUIRE : GNUTLS_CERT_REQUEST);
	gnutls_transport_set_int(serving->session, server->fd);
	do
		rc = gnutls_handshake(serving->session);
	while (rc < 0 && !gnutls_error_is_fatal(rc));
	if (rc < 0) {
		gnutls_alert_send_appropriate(serving->session, rc);
		return;
	}
	look(serving);
	answer(serving);
	if (server->does != SERVER_VANISHES)
		gnutls_bye(serving->session, GNUTLS_SHUT_WR);
}

static void *serve(void *pointer)
{
	struct server *server = pointer;
	struct serving serving = {.server = server};

	if (!instead(server)) {
		serve_tls(&serving);
		gnutls_deinit(serving.session);
		gnutls_certificate_free_credentials(serving.certificates);
		gnutls_anon_free_server_credentials(serving.anonymous);
	}
	close(server->fd);
	return NULL;
}

int server_start(struct server *server)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		exit(99);
	server->fd = pair[1];
	server->done = server->resumed = server->client_certificate = server->said_goodbye = false;
	server->heard = 0;
	server->sni[0] = '\0';
	if (pthread_create(&server->thread, NULL, serve, server) != 0)
		exit(99);
	return pair[0];
}

void server_wait(struct server *server)
{
	pthread_join(server->thread, NULL);
}
