#include "core/edge/http_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

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

/* Takes what stands behind the last `mark` away from the end of *rest; false: there is nothing left. A quoted mark does
 * not count in theory; an address holds none. */
static bool take_last(struct piece *rest, char mark, struct piece *ret_last)
{
	if (rest->text == NULL) {
		return false;
	}
	const char *found = rest->size > 0 ? memrchr(rest->text, mark, rest->size) : NULL;
	if (found == NULL) {
		*ret_last = trim(*rest);
		rest->text = NULL;
		return true;
	}
	*ret_last = trim((struct piece){found + 1, (size_t)(rest->text + rest->size - found) - 1});
	rest->size = (size_t)(found - rest->text);
	return true;
}

/* RFC 7239: for=192.0.2.1;proto=https;by=… → what "for" says, empty when it says nothing. */
static struct piece take_for(struct piece element)
{
	struct piece pair;
	while (take_last(&element, ';', &pair)) {
		if (pair.size > 4 && strncasecmp(pair.text, "for=", 4) == 0) {
			return trim((struct piece){pair.text + 4, pair.size - 4});
		}
	}
	return (struct piece){"", 0};
}

struct http_address http_client_of(const struct http_address *peer, const struct http_networks *proxies,
				   enum http_forwarded forwarded, const char *const *values, size_t count)
{
	const struct http_address nobody = {.family = HTTP_NOBODY};
	struct http_address address = *peer;
	unsigned hops = 0;
	if (!http_networks_hold(proxies, peer)) {
		return address;
	}
	for (size_t line = forwarded == HTTP_FORWARDED_NONE ? 0 : count; line > 0; line--) {
		struct piece rest = {values[line - 1], strlen(values[line - 1])}, element;
		while (take_last(&rest, ',', &element)) {
			struct piece text = forwarded == HTTP_FORWARDED ? take_for(element) : element;
			if (++hops > HTTP_HOPS_MAX || !http_address_read(text.text, text.size, &address)) {
				return nobody;
			}
			if (!http_networks_hold(proxies, &address)) {
				return address;
			}
		}
	}
	return nobody;
}
