/*
 * Whose request it is: addresses, networks of proxies that are believed, and what such a proxy says about who is behind
 * it. Pure. Addresses are for limits only: nothing here prints one.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum http_family {
	HTTP_NOBODY,
	HTTP_UNIX,
	HTTP_V4,
	HTTP_V6,
	HTTP_UNCLEAR /* behind a proxy, which is `bytes`, and said so that it can be read in two ways: for limits all of
		      * these are one client */
};

struct http_address {
	uint8_t family;
	uint8_t bytes[16]; /* 4 of V4; the rest is zero. A V4 address in a V6 one is V4 */
};

struct http_network {
	struct http_address address;
	unsigned bits; /* that must be equal */
};

struct http_networks {
	const struct http_network *items;
	size_t count;
};

struct http_address http_address_of(const struct sockaddr *address, socklen_t size);
/* "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80"; false: none of them. */
bool http_address_read(const char *text, size_t size, struct http_address *ret_address);
/* For limits: a V6 address is one of the many that one customer has, so its first half stands for it. */
struct http_address http_address_group(const struct http_address *address);

/* An address, "10.0.0.0/8", "2001:db8::/32" or "unix" (who connects through a socket file); bits behind those that
 * count must be zero. */
bool http_network_read(const char *text, struct http_network *ret_network);
bool http_networks_hold(const struct http_networks *networks, const struct http_address *address);

/* The header that the proxies append to. Another one may come from the client, so that one of them is believed. */
enum http_forwarded { HTTP_FORWARDED_NONE, HTTP_X_FORWARDED_FOR, HTTP_FORWARDED };

#define HTTP_HOPS_MAX 32 /* that are looked at, from the right */

/*
 * `values`: those of the header's lines, as they came. Each proxy appends who it was asked by: from the right, as long as
 * that one is a proxy that is believed. HTTP_NOBODY: only such proxies are named, or one of them says that it does not
 * know or something that cannot be read. HTTP_UNCLEAR: in Forwarded, quotes that do not fit, an element that says twice who
 * it is for, or that has what is no pair; a client may have had a hand in it.
 */
struct http_address http_client_of(const struct http_address *peer, const struct http_networks *proxies,
				   enum http_forwarded forwarded, const char *const *values, size_t count);
