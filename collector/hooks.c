#include "collector/hooks.h"

#include <string.h>

#include "collector/conf.h"
#include "collector/routes.h"
#include "core/base/signature.h"
#include "core/base/text.h"
#include "core/edge/secret_file.h"
#include "core/edge/topic_file.h"

#define ARENA_SIZE ((size_t)16 * 1024 * 1024)
#define SECRET_SIZE_MIN 8
#define PEM "-----BEGIN "

static bool refuse_file(const struct hook *hook, const char *key, const char *file, const char *why,
			struct fail *fail)
{
	fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "hooks.%s.%s %s: %s", hook->name, key, file, why);
	return false;
}

static bool refuse(const struct hook *hook, const char *why, struct fail *fail)
{
	return refuse_file(hook, "secret_file", hook->secret_file, why, fail);
}

/* *text becomes a copy. False: the arena is full. */
static bool keep(const char **text, struct arena *arena)
{
	const char *copy = arena_text(arena, *text, strlen(*text));
	*text = copy != NULL ? copy : *text;
	return copy != NULL;
}

/* One a line; or, in PEM, certificates and public keys, one behind the other. */
static bool split(struct hook *hook, char *text, struct fail *fail)
{
	bool is_pem = strncmp(text, PEM, sizeof(PEM) - 1) == 0;
	for (char *line = text; line != NULL;) {
		char *end = strstr(line + (is_pem ? 1 : 0), is_pem ? "\n" PEM : "\n");
		if (end != NULL) {
			*end++ = '\0';
		}
		size_t size = strlen(line);
		line[size - (size > 0 && line[size - 1] == '\r' ? 1 : 0)] = '\0';
		if (line[0] == '\0') { /* an empty line */
			line = end;
			continue;
		}
		if (!is_pem && text_has_controls(line, strlen(line))) {
			return refuse(hook, "holds a control character", fail);
		}
		if (hook->secrets_count == HOOK_SECRETS_MAX) {
			return refuse(hook, "more than two secrets", fail);
		}
		if (strlen(line) < SECRET_SIZE_MIN) {
			return refuse(hook, "a secret of less than 8 bytes", fail);
		}
		if (route_of_hook(hook->source)->has_public_key && !hook->is_plain && !signature_is_key(line)) {
			return refuse(hook, "no public key", fail);
		}
		hook->secrets[hook->secrets_count++] = (struct hook_secret){line, strlen(line)};
		line = end;
	}
	return hook->secrets_count > 0 || refuse(hook, "empty", fail);
}

static bool load_certificate(const struct hook *hook, struct hook_certificate *certificate, struct arena *arena,
			     struct fail *fail)
{
	static const char key[] = "certificates";
	char text[SECRET_FILE_SIZE_MAX + 1] = "";
	size_t size;
	if (!secret_file_read("hooks: certificates", certificate->file, text, SECRET_FILE_SIZE_MAX, &size, fail)) {
		return false;
	}
	if (strncmp(text, PEM, sizeof(PEM) - 1) != 0 || !signature_is_key(text)) {
		return refuse_file(hook, key, certificate->file, "no certificate (PEM)", fail);
	}
	certificate->pem = text;
	return (keep(&certificate->name, arena) && keep(&certificate->file, arena) &&
		keep(&certificate->pem, arena)) ||
	       refuse_file(hook, key, certificate->file, "out of memory", fail);
}

static bool load_pinned(struct hook *hook, struct arena *arena, struct fail *fail)
{
	for (size_t i = 0; i < hook->topics_count; i++) {
		if (!keep(&hook->topics[i], arena)) {
			return refuse_file(hook, "topics", hook->topics[i], "out of memory", fail);
		}
	}
	for (size_t i = 0; i < hook->certificates_count; i++) {
		if (!load_certificate(hook, &hook->certificates[i], arena, fail)) {
			return false;
		}
	}
	return true;
}

static bool load_hook(const struct hook *from, struct arena *arena, struct hook *ret_hook, struct fail *fail)
{
	struct hook hook = *from;
	const char **const texts[] = {&hook.name, &hook.source, &hook.url, &hook.secret_file};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!keep(texts[i], arena)) {
			return refuse(from, "out of memory", fail);
		}
	}
	if (hook.is_pinned) {
		*ret_hook = hook;
		return load_pinned(ret_hook, arena, fail);
	}
	char *text = arena_zero(arena, SECRET_FILE_SIZE_MAX + 1, 1);
	size_t size;
	if (text == NULL) {
		return refuse(from, "out of memory", fail);
	}
	if (!secret_file_read("hooks: secret_file", hook.secret_file, text, SECRET_FILE_SIZE_MAX, &size, fail)) {
		return false;
	}
	if (strlen(text) != size) {
		return refuse(from, "holds a NUL", fail);
	}
	*ret_hook = hook;
	return split(ret_hook, text, fail);
}

static bool load_topics(struct hooks *hooks, const char *path, struct fail *fail)
{
	const struct topic_book *book;
	struct topics *topics = arena_zero(&hooks->arena, 1, sizeof(*topics));
	if (!topic_file_read(path, &hooks->arena, &book, fail)) {
		return false;
	}
	if (topics == NULL || !topics_init(topics, book, &hooks->arena)) {
		fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "chat.topics_file %s: too large", path);
		return false;
	}
	hooks->topics = topics;
	return true;
}

bool hooks_load(struct hooks *hooks, const struct collect_conf *conf, struct fail *fail)
{
	struct hooks loaded = {.count = conf->hooks.count};
	bool good = arena_init(&loaded.arena, ARENA_SIZE) &&
		    (loaded.items = arena_zero(&loaded.arena, loaded.count + 1, sizeof(*loaded.items))) != NULL;
	if (!good) {
		fail_set(fail, FAIL_RETRY, EXIT_AWAY, "hooks: out of memory");
	}
	for (size_t i = 0; good && i < loaded.count; i++) {
		good = load_hook(&conf->hooks.items[i], &loaded.arena, &loaded.items[i], fail);
	}
	good = good && (loaded.count == 0 || load_topics(&loaded, conf->chat.topics_file, fail));
	if (!good) {
		hooks_finish(&loaded);
		return false;
	}
	hooks_finish(hooks);
	*hooks = loaded;
	return true;
}

void hooks_finish(struct hooks *hooks)
{
	if (hooks->arena.base != NULL) {
		explicit_bzero(hooks->arena.base, hooks->arena.used);
	}
	arena_finish(&hooks->arena);
	*hooks = (struct hooks){.count = 0};
}
