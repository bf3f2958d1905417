#include "core/edge/service.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "core/base/moment.h"
#include "core/edge/reload_note.h"

/* A start asks for so much more time, so often, as long as its loop turns. */
#define EXTEND_US (30 * MOMENT_SECOND_US)
#define EXTEND_EVERY_US (5 * MOMENT_SECOND_US)

#define STATUS_EVERY_US MOMENT_SECOND_US

/* Whether it arrived is not asked: a service manager that does not listen acts by its own time limits. */
static void tell(const struct service *service, const char *text)
{
	if (service->is_told) {
		(void)sd_notify(0, text);
	}
}

void service_init(struct service *service)
{
	uint64_t allowed_us = 0;
	*service = (struct service){.is_told = getenv("NOTIFY_SOCKET") != NULL};
	if (service->is_told && sd_watchdog_enabled(0, &allowed_us) > 0) {
		service->watchdog_us = (int64_t)(allowed_us / 2);
	}
}

void service_ready(struct service *service)
{
	if (!service->is_ready && !service->is_stopping) {
		service->is_ready = true;
		tell(service, "READY=1");
	}
}

void service_alive(struct service *service, int64_t now_us)
{
	if (service->watchdog_us > 0 && now_us >= service->alive_at_us) {
		tell(service, "WATCHDOG=1");
		service->alive_at_us = now_us + service->watchdog_us;
	}
	if (service->is_told && !service->is_ready && !service->is_stopping && now_us >= service->extend_at_us) {
		char text[64];
		snprintf(text, sizeof(text), "EXTEND_TIMEOUT_USEC=%" PRId64, EXTEND_US);
		tell(service, text);
		service->extend_at_us = now_us + EXTEND_EVERY_US;
	}
}

void service_blocks(struct service *service, int64_t now_us)
{
	service->alive_at_us = service->extend_at_us = now_us;
	service_alive(service, now_us);
}

bool service_wants_status(struct service *service, int64_t now_us)
{
	if (!service->is_told || now_us < service->status_at_us) {
		return false;
	}
	service->status_at_us = now_us + STATUS_EVERY_US;
	return true;
}

void service_status(struct service *service, const char *text)
{
	if (strcmp(service->status, text) == 0) {
		return;
	}
	char line[SERVICE_STATUS_SIZE + 16];
	snprintf(service->status, sizeof(service->status), "%s", text);
	/* A second line would be another word to the manager. */
	for (char *at = service->status; *at != '\0'; at++) {
		if (*at == '\n' || *at == '\r') {
			*at = ' ';
		}
	}
	snprintf(line, sizeof(line), "STATUS=%s", service->status);
	tell(service, line);
}

void service_reloading(struct service *service)
{
	char text[64];
	service->reload_us = moment_monotonic_us();
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRId64, service->reload_us);
	if (service->is_ready && !service->is_stopping) {
		tell(service, text);
	}
}

void service_reloaded(struct service *service, const char *why)
{
	/* One that still starts is not made ready by having read its configuration again. */
	if (service->is_ready && !service->is_stopping) {
		tell(service, "READY=1");
	}
	reload_note_write(service->reload_us, why);
}

void service_stopping(struct service *service)
{
	if (!service->is_stopping) {
		service->is_stopping = true;
		tell(service, "STOPPING=1\nSTATUS=stopping");
	}
}

void service_failed(struct service *service, const char *text)
{
	service_stopping(service);
	service_status(service, text);
}

int service_socket(const char *name)
{
	char **names = NULL;
	int count = sd_listen_fds_with_names(0, &names), found = -1;
	for (int i = 0; i < count; i++) {
		int fd = SD_LISTEN_FDS_START + i;
		if (found < 0 && names != NULL && strcmp(names[i], name) == 0 &&
		    sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) > 0) {
			found = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		}
	}
	for (int i = 0; names != NULL && names[i] != NULL; i++) {
		free(names[i]);
	}
	free(names);
	if (found >= 0 && fcntl(found, F_SETFL, fcntl(found, F_GETFL) | O_NONBLOCK) != 0) {
		close(found);
		found = -1;
	}
	return found;
}
