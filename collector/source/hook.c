#include "collector/source/hook.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "collector/source/source.h"
#include "core/base/arena.h"
#include "core/base/base64.h"
#include "core/base/signature.h"

const char *hook_proof_name(enum hook_proof proof)
{
	static const char *const names[] = {
		[HOOK_PROVEN] = "proven",
		[HOOK_UNSIGNED] = "signature or secret missing",
		[HOOK_UNKNOWN] = "certificate not pinned",
		[HOOK_FORGED] = "wrong signature or secret",
		[HOOK_STALE] = "signed at another time",
		[HOOK_FOREIGN] = "topic not listed",
	};
	return names[proof];
}

enum hook_proof hook_prove(const struct source_request *request, hook_scheme *scheme, struct arena *arena)
{
	const struct hook *hook = request->hook;
	enum hook_proof nearest = HOOK_UNSIGNED;
	if (hook->is_pinned) {
		size_t mark = arena->used;
		nearest = scheme(request, NULL, arena);
		arena_back(arena, mark);
	}
	for (size_t i = 0; i < hook->secrets_count; i++) {
		size_t mark = arena->used;
		enum hook_proof proof = scheme(request, &hook->secrets[i], arena);
		arena_back(arena, mark);
		if (proof == HOOK_PROVEN) {
			return proof;
		}
		nearest = proof > nearest ? proof : nearest;
	}
	return nearest;
}

static bool is_secret(const struct hook_secret *secret, const char *given, size_t size)
{
	return signature_equal(secret->bytes, secret->size, given, size);
}

/* "Basic base64(name:password)" → the password; NULL: it is none. */
static const char *password_of(const char *authorization, struct arena *arena)
{
	if (strncasecmp(authorization, "Basic ", 6) != 0) {
		return NULL;
	}
	const char *packed = authorization + 6;
	size_t size;
	char *text = arena_take(arena, BASE64_BYTES_MAX(strlen(packed)) + 1);
	if (text == NULL || !base64_read(packed, strlen(packed), (uint8_t *)text, &size)) {
		return NULL;
	}
	text[size] = '\0';
	const char *colon = strchr(text, ':');
	return colon != NULL ? colon + 1 : NULL;
}

/* Behind "/hooks/SOURCE/NAME": "" or "/…"; NULL: the path is another one's. */
static const char *rest_of(const struct hook *hook, const char *path)
{
	const char *const parts[] = {HOOK_PATH, hook->source, "/", hook->name};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		size_t size = strlen(parts[i]);
		if (strncmp(path, parts[i], size) != 0) {
			return NULL;
		}
		path += size;
	}
	return path[0] == '\0' || path[0] == '/' ? path : NULL;
}

/* What stands behind /hooks/SOURCE/NAME/; "": nothing. */
static const char *path_rest(const struct source_request *request)
{
	const char *rest = rest_of(request->hook, request->path);
	return rest != NULL && rest[0] == '/' ? rest + 1 : "";
}

enum hook_proof hook_password(const struct source_request *request, const struct hook_secret *secret,
			      struct arena *arena)
{
	const char *rest = path_rest(request);
	if (rest[0] != '\0') {
		return is_secret(secret, rest, strlen(rest)) ? HOOK_PROVEN : HOOK_FORGED;
	}
	const char *password = password_of(source_more_header(request, "Authorization"), arena);
	return password == NULL				       ? HOOK_UNSIGNED
	       : is_secret(secret, password, strlen(password)) ? HOOK_PROVEN
							       : HOOK_FORGED;
}

enum hook_proof hook_at(const struct source_request *request, int64_t signed_us)
{
	return signed_us >= request->received_us - HOOK_WINDOW_US &&
			       signed_us <= request->received_us + HOOK_WINDOW_US
		       ? HOOK_PROVEN
		       : HOOK_STALE;
}

const struct hook *hook_find(const struct hook *hooks, size_t count, const char *path)
{
	bool is_hook = strncmp(path, HOOK_PATH, sizeof(HOOK_PATH) - 1) == 0;
	for (size_t i = 0; is_hook && i < count; i++) {
		if (rest_of(&hooks[i], path) != NULL) {
			return &hooks[i];
		}
	}
	return NULL;
}
