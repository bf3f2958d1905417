#include "core/edge/http_listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/edge/service.h"

#define BACKLOG 4096 /* or what the kernel allows */

static bool refuse(struct fail *fail, const char *text, const char *why)
{
	return fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "listen on %s: %s", text, why);
}

static bool bind_and_listen(int fd, const struct sockaddr *address, socklen_t size)
{
	return bind(fd, address, size) == 0 && listen(fd, BACKLOG) == 0;
}

/* Was the file left by a process that is gone? */
static bool is_stale(const struct sockaddr_un *address)
{
	struct stat about;
	if (lstat(address->sun_path, &about) != 0 || !S_ISSOCK(about.st_mode)) {
		return false;
	}
	int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool stale = probe >= 0 && connect(probe, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
		     errno == ECONNREFUSED;
	if (probe >= 0) {
		close(probe);
	}
	return stale;
}

static bool open_unix(const char *text, const char *path, struct http_listen *ret, struct fail *fail)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (path[0] != '/' || strlen(path) >= sizeof(address.sun_path)) {
		return refuse(fail, text, "not an absolute path of at most 107 bytes");
	}
	memcpy(address.sun_path, path, strlen(path));
	if (is_stale(&address)) {
		unlink(path);
	}
	ret->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (ret->fd < 0 || !bind_and_listen(ret->fd, (const struct sockaddr *)&address, sizeof(address))) {
		return refuse(fail, text, strerror(errno));
	}
	snprintf(ret->address, sizeof(ret->address), "unix:%s", path);
	snprintf(ret->unix_path, sizeof(ret->unix_path), "%s", path);
	return true;
}

/* "[v6]:port" and "v4:port" in two; false when it is neither. The resolver would take port 70000 for 4464. */
static bool split(const char *text, char ret_host[static HTTP_ADDRESS_SIZE], const char **ret_port)
{
	const char *colon = strrchr(text, ':');
	const char *end = colon;
	if (colon == NULL || colon == text || colon[1] == '\0') {
		return false;
	}
	if (text[0] == '[') {
		text++;
		end--;
		if (*end != ']') {
			return false;
		}
	}
	size_t size = (size_t)(end - text);
	if (size == 0 || size >= HTTP_ADDRESS_SIZE) {
		return false;
	}
	memcpy(ret_host, text, size);
	ret_host[size] = '\0';
	*ret_port = colon + 1;
	unsigned number = 0;
	for (const char *digit = colon + 1; *digit != '\0'; digit++) {
		if (*digit < '0' || *digit > '9' || (number = number * 10 + (unsigned)(*digit - '0')) > 65535) {
			return false;
		}
	}
	return true;
}

static bool name_socket(struct http_listen *ret)
{
	struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
	socklen_t size = sizeof(address);
	char host[NI_MAXHOST], port[NI_MAXSERV];
	if (getsockname(ret->fd, (struct sockaddr *)&address, &size) != 0 ||
	    getnameinfo((struct sockaddr *)&address, size, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
		return false;
	}
	snprintf(ret->address, sizeof(ret->address), address.ss_family == AF_INET6 ? "[%.64s]:%.8s" : "%.64s:%.8s",
		 host, port);
	return true;
}

static bool open_tcp(const char *text, struct http_listen *ret, struct fail *fail)
{
	char host[HTTP_ADDRESS_SIZE];
	const char *port;
	struct addrinfo *found = NULL;
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
				       .ai_socktype = SOCK_STREAM};
	if (!split(text, host, &port) || getaddrinfo(host, port, &hints, &found) != 0) {
		return refuse(fail, text, "not \"ADDRESS:PORT\" in numbers, nor \"unix:/PATH\"");
	}
	ret->fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool good = ret->fd >= 0 && setsockopt(ret->fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) == 0 &&
		    bind_and_listen(ret->fd, found->ai_addr, found->ai_addrlen) && name_socket(ret);
	int why = errno;
	freeaddrinfo(found);
	return good || refuse(fail, text, strerror(why));
}

bool http_listen_inherit(const char *name, struct http_listen *ret_listen)
{
	struct http_listen taken = {.fd = name != NULL ? service_socket(name) : -1};
	if (taken.fd < 0) {
		return false;
	}
	if (!name_socket(&taken)) { /* not an address in numbers: a socket in the file system */
		struct sockaddr_un address = {.sun_family = AF_UNIX};
		socklen_t size = sizeof(address) - 1;
		getsockname(taken.fd, (struct sockaddr *)&address, &size);
		snprintf(taken.address, sizeof(taken.address), "unix:%s", address.sun_path);
	}
	*ret_listen = taken;
	return true;
}

bool http_listen_open(const char *text, struct http_listen *ret_listen, struct fail *fail)
{
	struct http_listen opened = {.fd = -1};
	bool good = strncmp(text, "unix:", 5) == 0 ? open_unix(text, text + 5, &opened, fail)
						   : open_tcp(text, &opened, fail);
	if (good) {
		*ret_listen = opened;
	} else if (opened.fd >= 0) {
		close(opened.fd);
	}
	return good;
}
