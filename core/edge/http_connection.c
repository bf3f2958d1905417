#include "core/edge/http_connection.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "core/base/check.h"

struct http_peer {
	struct http_address address;
	struct http_link connections;
	unsigned count; /* without those that are cut */
	unsigned held;	/* with them */
	struct http_peer *next;
};

/* --- lists --- */

static void list_init(struct http_link *list)
{
	list->next = list->prev = list;
}

static void list_append(struct http_link *list, struct http_link *link)
{
	link->prev = list->prev;
	link->next = list;
	list->prev->next = link;
	list->prev = link;
}

static void list_remove(struct http_link *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
}

static struct http_connection *of_stage(struct http_link *link)
{
	return (struct http_connection *)(void *)((char *)link - offsetof(struct http_connection, in_stage));
}

static struct http_connection *of_peer(struct http_link *link)
{
	return (struct http_connection *)(void *)((char *)link - offsetof(struct http_connection, in_peer));
}

struct http_connection *http_connections_oldest(struct http_connections *all, enum http_stage stage)
{
	struct http_link *list = &all->stages[stage];
	return list->next != list ? of_stage(list->next) : NULL;
}

/* --- who has how many --- */

static struct http_peer **find_peer(struct http_connections *all, const struct http_address *address)
{
	uint64_t mixed = mix_bytes(&all->key, address->bytes, sizeof(address->bytes));
	struct http_peer **at = &all->peers[(mixed ^ address->family) & all->peers_mask];
	while (*at != NULL && ((*at)->address.family != address->family ||
			       memcmp((*at)->address.bytes, address->bytes, sizeof(address->bytes)) != 0)) {
		at = &(*at)->next;
	}
	return at;
}

static bool join_peer(struct http_connections *all, struct http_connection *connection,
		      const struct http_address *group)
{
	struct http_peer **at = find_peer(all, group), *peer = *at;
	if (peer == NULL) {
		peer = calloc(1, sizeof(*peer));
		if (peer == NULL) {
			return false;
		}
		peer->address = *group;
		list_init(&peer->connections);
		*at = peer;
	}
	peer->count++;
	peer->held++;
	connection->peer = peer;
	list_append(&peer->connections, &connection->in_peer);
	return true;
}

static void leave_peer(struct http_connections *all, struct http_connection *connection)
{
	struct http_peer *peer = connection->peer;
	if (peer == NULL) {
		return;
	}
	list_remove(&connection->in_peer);
	peer->count -= connection->stage != HTTP_CUT;
	if (--peer->held == 0) {
		struct http_peer **at = find_peer(all, &peer->address);
		CHECK(*at == peer);
		*at = peer->next;
		free(peer);
	}
}

/* --- coming and going --- */

bool http_connections_init(struct http_connections *all)
{
	for (int stage = 0; stage < HTTP_STAGE_COUNT; stage++) {
		list_init(&all->stages[stage]);
	}
	list_init(&all->noted);
	size_t slots = 64;
	while (slots < all->total_max) {
		slots *= 2;
	}
	all->peers_mask = slots - 1;
	all->peers = calloc(slots, sizeof(struct http_peer *));
	return all->peers != NULL && getrandom(&all->key, sizeof(all->key), 0) == (ssize_t)sizeof(all->key);
}

void http_connections_finish(struct http_connections *all)
{
	CHECK(all->count == 0);
	free(all->peers);
	all->peers = NULL;
}

struct http_connection *http_connections_add(struct http_connections *all, int fd,
					     const struct http_address *address, bool is_counted, int64_t now_us)
{
	struct http_connection *connection = calloc(1, sizeof(*connection));
	if (connection == NULL) {
		return NULL;
	}
	connection->fd = fd;
	connection->address = *address;
	connection->since_us = now_us;
	struct http_address group = http_address_group(address);
	if (is_counted && !join_peer(all, connection, &group)) {
		free(connection);
		return NULL;
	}
	list_append(&all->stages[HTTP_FRESH], &connection->in_stage);
	all->counts[HTTP_FRESH]++;
	all->count++;
	return connection;
}

void http_connections_remove(struct http_connections *all, struct http_connection *connection)
{
	leave_peer(all, connection);
	http_connection_unnote(connection);
	list_remove(&connection->in_stage);
	all->counts[connection->stage]--;
	all->count--;
	free(connection);
}

void http_connection_enter(struct http_connections *all, struct http_connection *connection, enum http_stage stage,
			   int64_t now_us)
{
	if (connection->stage == HTTP_CUT) {
		return; /* it is over, whatever still comes */
	}
	list_remove(&connection->in_stage);
	list_append(&all->stages[stage], &connection->in_stage);
	all->counts[connection->stage]--;
	all->counts[stage]++;
	connection->stage = stage;
	connection->since_us = now_us;
	if (connection->peer != NULL) {
		list_remove(&connection->in_peer);
		list_append(&connection->peer->connections, &connection->in_peer);
		connection->peer->count -= stage == HTTP_CUT;
	}
}

/* --- to be looked at --- */

void http_connection_note(struct http_connections *all, struct http_connection *connection)
{
	if (connection->in_noted.next == NULL) {
		list_append(&all->noted, &connection->in_noted);
	}
}

void http_connection_unnote(struct http_connection *connection)
{
	if (connection->in_noted.next != NULL) {
		list_remove(&connection->in_noted);
		connection->in_noted = (struct http_link){0};
	}
}

struct http_connection *http_connections_noted(struct http_connections *all)
{
	struct http_link *link = all->noted.next;
	if (link == &all->noted) {
		return NULL;
	}
	struct http_connection *connection =
		(struct http_connection *)(void *)((char *)link - offsetof(struct http_connection, in_noted));
	http_connection_unnote(connection);
	return connection;
}

/* --- too late, too many --- */

/* libmicrohttpd sees the end and closes. */
static void cut(struct http_connections *all, struct http_connection *connection)
{
	shutdown(connection->fd, SHUT_RDWR);
	http_connection_enter(all, connection, HTTP_CUT, connection->since_us);
}

void http_connection_evict(struct http_connections *all, struct http_connection *connection)
{
	CHECK(connection != NULL);
	cut(all, connection);
	all->evicted++;
}

static struct http_connection *find_evictable(struct http_connections *all)
{
	struct http_connection *found = NULL;
	for (enum http_stage stage = 0; stage < HTTP_CLIENTS_TURN; stage++) {
		struct http_connection *one = http_connections_oldest(all, stage);
		if (one != NULL && (found == NULL || one->since_us < found->since_us)) {
			found = one;
		}
	}
	return found;
}

bool http_connections_evict(struct http_connections *all)
{
	struct http_connection *found = find_evictable(all);
	if (found == NULL) {
		return false;
	}
	http_connection_evict(all, found);
	return true;
}

static bool evict_of_peer(struct http_connections *all, struct http_peer *peer)
{
	for (struct http_link *link = peer->connections.next; link != &peer->connections; link = link->next) {
		struct http_connection *connection = of_peer(link);
		if (connection->stage < HTTP_CLIENTS_TURN) {
			http_connection_evict(all, connection);
			return true;
		}
	}
	return false;
}

bool http_connections_are_full(const struct http_connections *all)
{
	return all->counts[HTTP_HANDED] >= all->total_max;
}

bool http_connections_make_room(struct http_connections *all, const struct http_address *address)
{
	if (all->peer_max != 0 && address->family != HTTP_NOBODY) {
		struct http_address group = http_address_group(address);
		struct http_peer *peer = *find_peer(all, &group);
		if (peer != NULL && peer->count >= all->peer_max && !evict_of_peer(all, peer)) {
			return false;
		}
	}
	return all->count - all->counts[HTTP_CUT] < all->total_max || http_connections_evict(all);
}

int64_t http_connections_sweep(struct http_connections *all, int64_t now_us)
{
	int64_t next_us = INT64_MAX;
	for (enum http_stage stage = 0; stage < HTTP_CLIENTS_TURN; stage++) {
		struct http_connection *one;
		int64_t most_us = all->stage_us_max[stage];
		while (most_us != 0 && (one = http_connections_oldest(all, stage)) != NULL) {
			if (one->since_us + most_us > now_us) {
				next_us = one->since_us + most_us < next_us ? one->since_us + most_us : next_us;
				break;
			}
			cut(all, one);
			all->late++;
		}
	}
	while (all->kept_max != 0 && all->counts[HTTP_KEPT] > all->kept_max) {
		http_connection_evict(all, http_connections_oldest(all, HTTP_KEPT));
	}
	return next_us;
}
