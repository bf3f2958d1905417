#include "core/edge/http_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "core/base/check.h"

#define TEXT_SIZE_MAX 64

static struct http_address of_v4(const void *bytes)
{
	struct http_address address = {.family = HTTP_V4};
	memcpy(address.bytes, bytes, 4);
	return address;
}

static struct http_address of_v6(const struct in6_addr *from)
{
	if (IN6_IS_ADDR_V4MAPPED(from)) {
		return of_v4(&from->s6_addr[12]);
	}
	struct http_address address = {.family = HTTP_V6};
	memcpy(address.bytes, from->s6_addr, 16);
	return address;
}

struct http_address http_address_of(const struct sockaddr *address, socklen_t size)
{
	if (address->sa_family == AF_INET && size >= sizeof(struct sockaddr_in)) {
		return of_v4(&((const struct sockaddr_in *)(const void *)address)->sin_addr);
	}
	if (address->sa_family == AF_INET6 && size >= sizeof(struct sockaddr_in6)) {
		return of_v6(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
	}
	return (struct http_address){.family = address->sa_family == AF_UNIX ? HTTP_UNIX : HTTP_NOBODY};
}

/* ":80", or nothing. */
static bool is_port(const char *text)
{
	return text[0] == '\0' || (text[0] == ':' && text[1] != '\0' && strlen(text) <= 6 &&
				   strspn(text + 1, "0123456789") == strlen(text + 1));
}

bool http_address_read(const char *text, size_t size, struct http_address *ret_address)
{
	char copy[TEXT_SIZE_MAX];
	struct in_addr v4;
	struct in6_addr v6;
	if (size == 0 || size >= sizeof(copy) || memchr(text, '\0', size) != NULL) {
		return false;
	}
	memcpy(copy, text, size);
	copy[size] = '\0';
	if (copy[0] == '[') {
		char *end = strchr(copy, ']');
		if (end == NULL || !is_port(end + 1)) {
			return false;
		}
		*end = '\0';
		if (inet_pton(AF_INET6, copy + 1, &v6) != 1) {
			return false;
		}
		*ret_address = of_v6(&v6);
		return true;
	}
	if (inet_pton(AF_INET6, copy, &v6) == 1) {
		*ret_address = of_v6(&v6);
		return true;
	}
	char *colon = strchr(copy, ':');
	if (colon != NULL) {
		if (!is_port(colon)) {
			return false;
		}
		*colon = '\0';
	}
	if (inet_pton(AF_INET, copy, &v4) != 1) {
		return false;
	}
	*ret_address = of_v4(&v4);
	return true;
}

struct http_address http_address_group(const struct http_address *address)
{
	struct http_address group = *address;
	if (group.family == HTTP_V6) {
		memset(&group.bytes[8], 0, 8);
	}
	return group;
}

/* --- networks --- */

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned bytes = bits / 8, rest = bits % 8;
	return memcmp(a, b, bytes) == 0 && (rest == 0 || ((a[bytes] ^ b[bytes]) >> (8 - rest)) == 0);
}

static bool read_bits(const char *text, unsigned most, unsigned *ret_bits)
{
	unsigned bits = 0;
	for (const char *at = text; *at != '\0'; at++) {
		if (*at < '0' || *at > '9' || (bits = bits * 10 + (unsigned)(*at - '0')) > most) {
			return false;
		}
	}
	*ret_bits = bits;
	return text[0] != '\0';
}

bool http_network_read(const char *text, struct http_network *ret_network)
{
	if (strcmp(text, "unix") == 0) {
		*ret_network = (struct http_network){.address.family = HTTP_UNIX};
		return true;
	}
	struct http_network network;
	const char *slash = strchr(text, '/');
	size_t size = slash != NULL ? (size_t)(slash - text) : strlen(text);
	if (!http_address_read(text, size, &network.address) || text[0] == '[' ||
	    (memchr(text, ':', size) != NULL) != (network.address.family == HTTP_V6)) {
		return false; /* no port, no V4 in V6 */
	}
	unsigned most = network.address.family == HTTP_V4 ? 32 : 128;
	network.bits = most;
	if (slash != NULL && !read_bits(slash + 1, most, &network.bits)) {
		return false;
	}
	for (unsigned bit = network.bits; bit < most; bit++) {
		if ((network.address.bytes[bit / 8] >> (7 - bit % 8) & 1) != 0) {
			return false;
		}
	}
	*ret_network = network;
	return true;
}

bool http_networks_hold(const struct http_networks *networks, const struct http_address *address)
{
	for (size_t i = 0; networks != NULL && i < networks->count; i++) {
		const struct http_network *network = &networks->items[i];
		if (network->address.family == address->family &&
		    same_bits(network->address.bytes, address->bytes, network->bits)) {
			return true;
		}
	}
	return false;
}

/* --- who is behind a proxy --- */

struct piece {
	const char *text;
	size_t size;
};

static struct piece trim(struct piece piece)
{
	while (piece.size > 0 && (piece.text[0] == ' ' || piece.text[0] == '\t')) {
		piece.text++;
		piece.size--;
	}
	while (piece.size > 0 && (piece.text[piece.size - 1] == ' ' || piece.text[piece.size - 1] == '\t')) {
		piece.size--;
	}
	if (piece.size >= 2 && piece.text[0] == '"' && piece.text[piece.size - 1] == '"') {
		piece.text++;
		piece.size -= 2;
	}
	return piece;
}

/* Who a proxy was asked by, as it says. */
struct hop {
	struct piece client; /* empty: it does not say */
	bool is_unclear;     /* it can be read in more than one way */
};

/* The last ones of a header's line, in the order they stand there: [count - 1] is the last. */
struct hops {
	struct hop ring[HTTP_HOPS_MAX + 1];
	size_t count; /* of all; the last ones are in the ring */
};

static void hops_add(struct hops *hops, struct hop hop)
{
	hops->ring[hops->count++ % COUNT_OF(hops->ring)] = hop;
}

static void read_list(const char *line, struct hops *ret_hops)
{
	for (const char *at = line;; at++) {
		size_t size = strcspn(at, ",");
		hops_add(ret_hops, (struct hop){.client = trim((struct piece){at, size})});
		at += size;
		if (*at == '\0') {
			return;
		}
	}
}

/* Behind a value that begins here, bare or quoted: at ';', ',' or the end. NULL: its quotes do not fit. */
static const char *skip_value(const char *at)
{
	if (*at != '"') {
		at += strcspn(at, ";,\"");
		return *at != '"' ? at : NULL;
	}
	for (at++; *at != '"'; at++) {
		if (*at == '\\' && at[1] != '\0') {
			at++;
		} else if (*at == '\0') {
			return NULL;
		}
	}
	at++;
	at += strspn(at, " \t");
	return *at == ';' || *at == ',' || *at == '\0' ? at : NULL;
}

/* RFC 7239, for=192.0.2.1;proto=https;by=…: a proxy may put what the client sent into a pair, so that what is said
 * twice, and what is no pair, is nobody's word. NULL: the quotes do not fit. */
static const char *read_element(const char *at, struct hop *ret_hop, bool *ret_is_empty)
{
	struct hop hop = {.client = {"", 0}};
	bool is_empty = true, has_client = false;
	for (;; at++) {
		at += strspn(at, " \t");
		size_t size = strcspn(at, "=;,\"");
		const char *name = at, *value = at[size] == '=' ? at + size + 1 : at + size;
		at = skip_value(value);
		if (at == NULL) {
			return NULL;
		}
		is_empty = is_empty && at == name;
		if (value == name + size) {
			hop.is_unclear = hop.is_unclear || size > 0;
		} else if (size == 3 && strncasecmp(name, "for", 3) == 0) {
			hop.is_unclear = hop.is_unclear || has_client;
			hop.client = trim((struct piece){value, (size_t)(at - value)});
			has_client = true;
		}
		if (*at != ';') {
			*ret_hop = hop;
			*ret_is_empty = is_empty;
			return at;
		}
	}
}

/* From the left, as quotes can be told apart in no other way. False: they do not fit, so that no element is certain. */
static bool read_forwarded(const char *line, struct hops *ret_hops)
{
	for (const char *at = line;; at++) {
		struct hop hop;
		bool is_empty;
		at = read_element(at, &hop, &is_empty);
		if (at == NULL) {
			return false;
		}
		if (!is_empty) {
			hops_add(ret_hops, hop);
		}
		if (*at == '\0') {
			return true;
		}
	}
}

struct http_address http_client_of(const struct http_address *peer, const struct http_networks *proxies,
				   enum http_forwarded forwarded, const char *const *values, size_t count)
{
	const struct http_address nobody = {.family = HTTP_NOBODY};
	struct http_address address = *peer, unclear = *peer;
	unsigned seen = 0;
	unclear.family = HTTP_UNCLEAR;
	if (!http_networks_hold(proxies, peer)) {
		return address;
	}
	for (size_t line = forwarded == HTTP_FORWARDED_NONE ? 0 : count; line > 0; line--) {
		struct hops hops = {.count = 0};
		if (forwarded == HTTP_X_FORWARDED_FOR) {
			read_list(values[line - 1], &hops);
		} else if (!read_forwarded(values[line - 1], &hops)) {
			return unclear;
		}
		for (size_t i = hops.count; i > 0; i--) {
			const struct hop *hop = &hops.ring[(i - 1) % COUNT_OF(hops.ring)];
			if (++seen > HTTP_HOPS_MAX) {
				return nobody;
			}
			if (hop->is_unclear) {
				return unclear;
			}
			if (!http_address_read(hop->client.text, hop->client.size, &address)) {
				return nobody;
			}
			if (!http_networks_hold(proxies, &address)) {
				return address;
			}
		}
	}
	return nobody;
}
