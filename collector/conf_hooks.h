/*
 * Key hooks of collect.yaml: which webhooks there are. Private to conf.c.
 */
#pragma once
#include <stdbool.h>

#include "core/edge/conf_schema.h"

#define COLLECT_CONF_HOOKS_HELP \
	"Webhooks: name → {source, secret_file, and where the source needs it url, proof, certificates, " \
	"topics}. " \
	"Its sender calls " \
	"/hooks/SOURCE/NAME; NAME is the site of its events. secret_file: what the sender signs with, one " \
	"secret " \
	"a line, two at most while it is changed, or certificates and public keys (PEM); a bare name is looked " \
	"for " \
	"among the service's credentials first; read again on SIGHUP. url: what the sender calls, where it " \
	"signs " \
	"that. proof: secret in place of signature where the sender signs nothing: then " \
	"/hooks/SOURCE/NAME/SECRET, " \
	"or the secret is the password of basic authentication. certificates and topics, of source ses in place " \
	"of secret_file: files (PEM) named as at the address that a message gives, 8 at most, read again on " \
	"SIGHUP, " \
	"and the names (ARN) of the topics whose messages are taken, 16 at most."

/* A step (conf_schema.h): hooks_node into hooks. */
bool collect_conf_hooks_read(const struct conf_reader *reader, void *into);
