#include "core/edge/account_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/domain.h"
#include "core/base/text.h"
#include "core/base/yaml.h"
#include "core/edge/account_committee.h"
#include "core/edge/conf_parts.h"

#define LINE_SIZE_MAX 512

struct root_text {
	struct yaml_texts lists, no_account;
	struct yaml_node *domains, *accounts, *committee;
};

#define AT(member) offsetof(struct root_text, member)
static const struct yaml_field root_fields[] = {
	{.key = "lists", .type = YAML_TEXTS, .offset = AT(lists), .high = 255, .fallback = "[]"},
	{.key = "no_account", .type = YAML_TEXTS, .offset = AT(no_account), .high = 1024, .fallback = "[]"},
	{.key = "domains", .type = YAML_NODE, .offset = AT(domains)},
	{.key = "accounts", .type = YAML_NODE, .offset = AT(accounts)},
	{.key = "committee", .type = YAML_NODE, .offset = AT(committee)},
	{0},
};
#undef AT

struct account_text {
	const char *name, *parent;
};

static const struct yaml_field account_fields[] = {
	{.key = "name",
	 .type = YAML_TEXT,
	 .offset = offsetof(struct account_text, name),
	 .high = ACCOUNT_NAME_SIZE_MAX,
	 .fallback = ""},
	{.key = "parent",
	 .type = YAML_TEXT,
	 .offset = offsetof(struct account_text, parent),
	 .high = 1024,
	 .fallback = ""},
	{0},
};

/* What is being read. Places of domains: which of two that are the same was there first. */
struct reading {
	const char *file;
	const struct yaml_node *root;
	struct arena *arena;
	struct fail *fail;
	struct account_book *book;
	size_t room;
};

static bool too_large(const struct reading *reading)
{
	return yaml_complain(reading->file, reading->root, reading->fail, "too large: the arena is full");
}

/* NULL: the arena is full, and *fail says so. */
static const char *keep(const struct reading *reading, const char *text, size_t size)
{
	const char *kept = arena_text(reading->arena, text, size);
	if (kept == NULL) {
		too_large(reading);
	}
	return kept;
}

static const char *read_domain(const struct reading *reading, const struct yaml_node *node, const char *key,
			       const char *text)
{
	char normal[DOMAIN_SIZE_MAX + 1];
	if (!domain_normalise(text, normal)) {
		yaml_complain(reading->file, node, reading->fail, "\"%s\": \"%.80s\" is no domain", key, text);
		return NULL;
	}
	return keep(reading, normal, strlen(normal));
}

/* ---- domains ---- */

static bool add_domain(struct reading *reading, const char *domain, const char *account, const char *list)
{
	struct account_book *book = reading->book;
	if (book->domain_count == ACCOUNT_DOMAINS_MAX) {
		return yaml_complain(reading->file, reading->root, reading->fail, "more than %zu domains",
				     ACCOUNT_DOMAINS_MAX);
	}
	if (book->domain_count == reading->room) {
		size_t room = reading->room == 0 ? 1024 : 2 * reading->room;
		struct account_domain *domains = arena_array(reading->arena, room, sizeof(*domains));
		if (domains == NULL) {
			return too_large(reading);
		}
		if (book->domain_count > 0) {
			memcpy(domains, book->domains, book->domain_count * sizeof(*domains));
		}
		book->domains = domains;
		reading->room = room;
	}
	book->domains[book->domain_count++] = (struct account_domain){domain, account, list};
	return true;
}

static bool read_said(struct reading *reading, const struct root_text *text)
{
	const struct yaml_node *no_account = yaml_get(reading->root, "no_account");
	for (size_t i = 0; i < text->no_account.count; i++) {
		const char *domain =
			read_domain(reading, no_account->items[i], "no_account", text->no_account.items[i]);
		if (domain == NULL || !add_domain(reading, domain, NULL, "")) {
			return false;
		}
	}
	const struct yaml_node *domains = text->domains;
	if (domains != NULL && domains->kind != YAML_MAP) {
		return yaml_complain(reading->file, domains, reading->fail,
				     "\"domains\" must be a map, domain: account");
	}
	for (size_t i = 0; domains != NULL && i < domains->count; i++) {
		const struct yaml_node *value = domains->items[i];
		const char *key = domains->keys[i]->text, *domain = NULL, *account = NULL;
		if (value->kind != YAML_SCALAR) {
			return yaml_complain(
				reading->file, value, reading->fail,
				"\"domains\": \"%.80s\" must have one domain behind it, its account's", key);
		}
		if ((domain = read_domain(reading, domains->keys[i], "domains", key)) == NULL ||
		    (account = read_domain(reading, value, "domains", value->text)) == NULL ||
		    !add_domain(reading, domain, account, "")) {
			return false;
		}
	}
	return true;
}

/* ---- lists ---- */

static bool list_wrong(const struct reading *reading, const char *path, size_t line, const char *text)
{
	return fail_set(reading->fail, FAIL_FATAL, EXIT_CONFIG, "%s:%zu: expected a domain, not \"%.80s\"", path,
			line, text_has_address(text) ? "…" : text);
}

static bool read_lines(struct reading *reading, FILE *file, const char *path, const char *list)
{
	char line[LINE_SIZE_MAX];
	for (size_t number = 1; fgets(line, sizeof(line), file) != NULL; number++) {
		size_t size = strcspn(line, "\r\n");
		if (number > ACCOUNT_LIST_LINES_MAX) {
			return fail_set(reading->fail, FAIL_FATAL, EXIT_CONFIG, "%s: more than %zu lines", path,
					ACCOUNT_LIST_LINES_MAX);
		}
		if (line[size] == '\0' && size == sizeof(line) - 1) {
			return list_wrong(reading, path, number, line);
		}
		line[size] = '\0';
		if (line[0] == '\0' || line[0] == '#') {
			continue;
		}
		char normal[DOMAIN_SIZE_MAX + 1];
		if (!domain_normalise(line, normal)) {
			return list_wrong(reading, path, number, line);
		}
		const char *domain = keep(reading, normal, strlen(normal));
		if (domain == NULL || !add_domain(reading, domain, NULL, list)) {
			return false;
		}
	}
	return ferror(file) == 0 ||
	       fail_set(reading->fail, FAIL_FATAL, EXIT_CONFIG, "%s: %s", path, strerror(errno));
}

/* "accounts/free-mail.txt" → "free-mail". How long that is; 0: it is called otherwise. */
static size_t list_name(const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	*ret_name = slash != NULL ? slash + 1 : path;
	size_t size = strspn(*ret_name, "abcdefghijklmnopqrstuvwxyz0123456789-");
	return size <= ACCOUNT_LIST_NAME_SIZE_MAX && strcmp(*ret_name + size, ".txt") == 0 ? size : 0;
}

static bool read_list(struct reading *reading, const struct yaml_node *node, const char *named)
{
	const char *list;
	size_t size = list_name(named, &list);
	if (size == 0) {
		return yaml_complain(reading->file, node, reading->fail,
				     "\"lists\": \"%.80s\" must be a file called like free-mail.txt: lower-case "
				     "letters, digits and hyphens, at most %d",
				     named, ACCOUNT_LIST_NAME_SIZE_MAX);
	}
	const char *path = conf_path(reading->file, named, reading->arena);
	if (path == NULL || (list = keep(reading, list, size)) == NULL) {
		return too_large(reading);
	}
	FILE *file = fopen(path, "re");
	if (file == NULL) {
		return yaml_complain(reading->file, node, reading->fail, "\"lists\": %s: %s", path,
				     strerror(errno));
	}
	bool good = read_lines(reading, file, path, list);
	(void)fclose(file);
	return good;
}

static bool read_lists(struct reading *reading, const struct root_text *text)
{
	const struct yaml_node *lists = yaml_get(reading->root, "lists");
	if (text->lists.count > ACCOUNT_LISTS_MAX) {
		return yaml_complain(reading->file, lists, reading->fail, "\"lists\" has %zu files, at most %d",
				     text->lists.count, ACCOUNT_LISTS_MAX);
	}
	for (size_t i = 0; i < text->lists.count; i++) {
		if (!read_list(reading, lists->items[i], text->lists.items[i])) {
			return false;
		}
	}
	return true;
}

/* Stable, since what came first holds: by domain, then by where it was read, which is where it lies. */
static int compare_domains(const void *a, const void *b)
{
	const struct account_domain *const *x = a, *const *y = b;
	int order = strcmp((*x)->domain, (*y)->domain);
	return order != 0 ? order : (*x > *y) - (*x < *y);
}

static bool sort_domains(struct reading *reading)
{
	struct account_book *book = reading->book;
	const struct account_domain **order = arena_array(reading->arena, book->domain_count + 1, sizeof(*order));
	struct account_domain *sorted = arena_array(reading->arena, book->domain_count + 1, sizeof(*sorted));
	if (order == NULL || sorted == NULL) {
		return too_large(reading);
	}
	for (size_t i = 0; i < book->domain_count; i++) {
		order[i] = &book->domains[i];
	}
	qsort(order, book->domain_count, sizeof(const struct account_domain *), compare_domains);
	size_t used = 0;
	for (size_t i = 0; i < book->domain_count; i++) {
		bool again = used > 0 && strcmp(sorted[used - 1].domain, order[i]->domain) == 0;
		if (again && order[i]->list[0] == '\0') {
			return yaml_complain(reading->file, reading->root, reading->fail,
					     "\"%s\" stands twice in \"domains\" and \"no_account\"",
					     order[i]->domain);
		}
		if (!again) {
			sorted[used++] = *order[i];
		}
	}
	book->domains = sorted;
	book->domain_count = used;
	return true;
}

/* ---- accounts ---- */

static int compare_accounts(const void *a, const void *b)
{
	return strcmp(((const struct account *)a)->account, ((const struct account *)b)->account);
}

static const struct account *find_account(const struct account_book *book, const char *account)
{
	const struct account sought = {.account = account};
	return bsearch(&sought, book->accounts, book->account_count, sizeof(sought), compare_accounts);
}

static bool find_tops(const struct reading *reading, const struct yaml_node *node)
{
	struct account_book *book = reading->book;
	for (size_t i = 0; i < book->account_count; i++) {
		const struct account *at = &book->accounts[i];
		unsigned parents = 0;
		book->accounts[i].top = at->account;
		for (; at != NULL && at->parent != NULL && parents <= ACCOUNT_PARENTS_MAX; parents++) {
			book->accounts[i].top = at->parent;
			at = find_account(book, at->parent);
		}
		if (parents > ACCOUNT_PARENTS_MAX) {
			return yaml_complain(reading->file, node, reading->fail,
					     "\"%s\": its parents lead back to it, or are more than %d, one above "
					     "the other",
					     book->accounts[i].account, ACCOUNT_PARENTS_MAX);
		}
	}
	return true;
}

static bool read_account(const struct reading *reading, const struct yaml_node *key, const struct yaml_node *node,
			 struct account *account)
{
	struct account_text text;
	if (!yaml_fill(node, account_fields, reading->file, reading->arena, &text, reading->fail)) {
		return false;
	}
	*account = (struct account){.account = read_domain(reading, key, "accounts", key->text)};
	if (account->account == NULL) {
		return false;
	}
	account->name = text.name[0] != '\0' ? text.name : NULL;
	if (text.parent[0] != '\0') {
		account->parent = read_domain(reading, node, "parent", text.parent);
	}
	return text.parent[0] == '\0' || account->parent != NULL;
}

static bool read_accounts(struct reading *reading, const struct yaml_node *node)
{
	struct account_book *book = reading->book;
	if (node == NULL) {
		return true;
	}
	if (node->kind != YAML_MAP) {
		return yaml_complain(reading->file, node, reading->fail, "\"accounts\" must be a map");
	}
	book->accounts = arena_array(reading->arena, node->count + 1, sizeof(*book->accounts));
	if (book->accounts == NULL) {
		return too_large(reading);
	}
	for (size_t i = 0; i < node->count; i++) {
		if (!read_account(reading, node->keys[i], node->items[i], &book->accounts[i])) {
			return false;
		}
	}
	book->account_count = node->count;
	qsort(book->accounts, book->account_count, sizeof(*book->accounts), compare_accounts);
	for (size_t i = 1; i < book->account_count; i++) {
		if (strcmp(book->accounts[i - 1].account, book->accounts[i].account) == 0) {
			return yaml_complain(reading->file, node, reading->fail,
					     "\"%s\" stands twice in \"accounts\"", book->accounts[i].account);
		}
	}
	return find_tops(reading, node);
}

bool account_file_read(const char *path, struct arena *arena, struct account_book *ret_book, struct fail *fail)
{
	struct yaml_node *root;
	struct root_text text;
	struct account_book book = {0};
	if (!yaml_read_file(path, arena, &root, fail) || !yaml_fill(root, root_fields, path, arena, &text, fail)) {
		return false;
	}
	struct reading reading = {path, root, arena, fail, &book, 0};
	if (!read_said(&reading, &text) || !read_lists(&reading, &text) || !sort_domains(&reading) ||
	    !read_accounts(&reading, text.accounts) ||
	    !account_committee_read(path, text.committee, &book.committee, fail)) {
		return false;
	}
	*ret_book = book;
	return true;
}
