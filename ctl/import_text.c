#include "ctl/import_text.h"

#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/text.h"

#define IN_SIZE ((size_t)64 * 1024)
#define OUT_SIZE (4 * IN_SIZE) /* UTF-8 of any encoding's */
#define UTF_8 "UTF-8"
#define HINT "sep="

struct import_text {
	const char *path;
	int fd, trouble; /* errno of a read that failed */
	bool ended, has_conversion;
	iconv_t conversion;
	size_t unit; /* bytes that are passed over where they are none of the encoding's */
	uint64_t size, taken;
	size_t in_used, at, out_used;
	char in[IN_SIZE], out[OUT_SIZE];
};

static const struct {
	const char *mark, *name;
	size_t size;
} marks[] = {
	{"\xef\xbb\xbf", UTF_8, 3},
	{"\xff\xfe", "UTF-16LE", 2},
	{"\xfe\xff", "UTF-16BE", 2},
};

static bool cannot(const char *path, int trouble, struct fail *fail)
{
	return fail_set(fail, FAIL_FATAL, EXIT_BAD_DATA, "%s: %s", path, strerror(trouble));
}

/* Read more than once, so that it has to be a file. */
static int open_file(const char *path, uint64_t *ret_size, struct fail *fail)
{
	struct stat about;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &about) != 0) {
		cannot(path, errno, fail);
	} else if (!S_ISREG(about.st_mode)) {
		fail_set(fail, FAIL_FATAL, EXIT_BAD_DATA,
			 "%s: not a file: it is read more than once, and a pipe cannot be", path);
	} else {
		*ret_size = (uint64_t)about.st_size;
		return fd;
	}
	if (fd >= 0) {
		close(fd);
	}
	return -1;
}

static ssize_t read_some(int fd, char *bytes, size_t size)
{
	ssize_t got;
	do {
		got = read(fd, bytes, size);
	} while (got < 0 && errno == EINTR);
	return got;
}

/* ---- Which encoding? ---- */

static bool has_mark(const char *bytes, size_t size, struct import_encoding *encoding)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (size >= marks[i].size && memcmp(bytes, marks[i].mark, marks[i].size) == 0) {
			snprintf(encoding->name, sizeof(encoding->name), "%s", marks[i].name);
			encoding->mark = marks[i].size;
			encoding->why = "told by its mark";
			return true;
		}
	}
	return false;
}

/* What was seen on the way through. */
struct seen {
	bool characters;    /* of several bytes, well-formed: hardly of another encoding */
	uint64_t line, bad; /* the line that it is in; the first with bytes that are no UTF-8, or 0 */
	bool zero, broken, after_return;
};

static void pass(struct seen *seen, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		seen->characters = seen->characters || (bytes[i] & 0x80) != 0;
		seen->line += bytes[i] == '\r' || (bytes[i] == '\n' && !seen->after_return);
		seen->after_return = bytes[i] == '\r';
	}
}

/* Passes over what can be told by now; how much. */
static size_t look_at(struct seen *seen, const char *bytes, size_t size, bool ended)
{
	size_t at = 0;
	while (at < size && !seen->zero) {
		size_t good = text_utf8_size(bytes + at, size - at);
		pass(seen, bytes + at, good);
		at += good;
		if (at == size || (size - at <= 3 && !ended)) { /* perhaps a character under way */
			break;
		}
		seen->zero = bytes[at] == '\0';
		seen->bad = seen->bad == 0 ? seen->line : seen->bad;
		seen->after_return = false;
		at++;
	}
	return at;
}

/* From where the descriptor stands; `bytes` has `used` of them already. */
static void look_through(int fd, char *bytes, size_t used, struct seen *seen)
{
	for (bool ended = false; !ended;) {
		size_t passed = look_at(seen, bytes, used, false);
		used -= passed;
		memmove(bytes, bytes + passed, used);
		ssize_t got = read_some(fd, bytes + used, IN_SIZE - used);
		seen->broken = got < 0;
		ended = got <= 0 || seen->zero;
		used += got > 0 ? (size_t)got : 0;
	}
	look_at(seen, bytes, used, true);
}

static bool find(int fd, const char *path, struct import_encoding *encoding, struct fail *fail)
{
	static char bytes[IN_SIZE];
	struct seen seen = {.line = 1};
	ssize_t got = read_some(fd, bytes, sizeof(bytes));
	if (got >= 0 && has_mark(bytes, (size_t)got, encoding)) {
		return true;
	}
	seen.broken = got < 0;
	if (got > 0) {
		look_through(fd, bytes, (size_t)got, &seen);
	}
	if (seen.broken) {
		return cannot(path, errno, fail);
	}
	if (seen.zero) {
		return fail_set(fail, FAIL_FATAL, EXIT_BAD_DATA,
				"%s: not a file of text: save the table as CSV (of UTF-16 without a mark: say "
				"--encoding)",
				path);
	}
	if (seen.bad != 0 && seen.characters) {
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE,
				"%s: line %" PRIu64
				" is no UTF-8, and others are: say --encoding UTF-8, and lines like it are "
				"refused, or which encoding it is",
				path, seen.bad);
	}
	snprintf(encoding->name, sizeof(encoding->name), "%s", seen.bad == 0 ? UTF_8 : "WINDOWS-1252");
	encoding->why = seen.bad == 0 ? "all of it is" : "it is no UTF-8";
	return true;
}

/* What iconv takes behind a slash tells it to leave out what it cannot read. */
static bool take_asked(const char *asked, struct import_encoding *encoding, struct fail *fail)
{
	bool is_word = strchr(asked, '/') == NULL && text_is_utf8(asked, strlen(asked));
	iconv_t conversion = asked[0] != '\0' && is_word ? iconv_open(UTF_8, asked) : (iconv_t)-1;
	if (conversion == (iconv_t)-1 || strlen(asked) >= sizeof(encoding->name)) {
		char shown[41];
		snprintf(shown, sizeof(shown), "%s", asked);
		text_show(shown);
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE, "--encoding: no encoding is called \"%s\"", shown);
	}
	iconv_close(conversion);
	snprintf(encoding->name, sizeof(encoding->name), "%s", asked);
	encoding->why = "as told";
	return true;
}

/* A mark is passed over where the encoding that was told is the mark's. */
static void pass_mark(int fd, struct import_encoding *encoding)
{
	char front[4];
	struct import_encoding marked = {0};
	ssize_t got = read_some(fd, front, sizeof(front));
	if (got > 0 && has_mark(front, (size_t)got, &marked) && strcasecmp(marked.name, encoding->name) == 0) {
		encoding->mark = marked.mark;
	}
}

bool import_text_find(const char *path, const char *asked, struct import_encoding *ret_encoding, struct fail *fail)
{
	uint64_t size;
	struct import_encoding encoding = {0};
	int fd = open_file(path, &size, fail);
	bool found = fd >= 0;
	if (found && asked != NULL) {
		found = take_asked(asked, &encoding, fail);
		pass_mark(fd, &encoding);
	} else if (found) {
		found = find(fd, path, &encoding, fail);
	}
	if (fd >= 0) {
		close(fd);
	}
	if (found) {
		*ret_encoding = encoding;
	}
	return found;
}

/* ---- Reading ---- */

struct import_text *import_text_open(const char *path, const struct import_encoding *encoding, struct fail *fail)
{
	struct import_text *text = calloc(1, sizeof(*text));
	if (text == NULL) {
		fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "no memory");
		return NULL;
	}
	text->path = path;
	text->fd = open_file(path, &text->size, fail);
	text->unit = strncasecmp(encoding->name, "UTF-16", 6) == 0 ? 2 : 1;
	if (text->fd >= 0 && strcmp(encoding->name, UTF_8) != 0) {
		text->conversion = iconv_open(UTF_8, encoding->name);
		text->has_conversion = text->conversion != (iconv_t)-1;
	}
	bool can = text->fd >= 0 && (text->has_conversion || strcmp(encoding->name, UTF_8) == 0 ||
				     fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "no encoding %s: %s", encoding->name,
					      strerror(errno)));
	if (can && lseek(text->fd, (off_t)encoding->mark, SEEK_SET) < 0) {
		can = cannot(path, errno, fail);
	}
	if (!can) {
		import_text_close(text);
		return NULL;
	}
	return text;
}

void import_text_close(struct import_text *text)
{
	if (text == NULL) {
		return;
	}
	if (text->has_conversion) {
		iconv_close(text->conversion);
	}
	if (text->fd >= 0) {
		close(text->fd);
	}
	free(text);
}

/* Converts what is there; a character under way at its end waits for more, unless there is none. */
static void convert(struct import_text *text)
{
	char *in = text->in, *out = text->out;
	size_t in_left = text->in_used, out_left = OUT_SIZE;
	while (in_left > 0) {
		if (iconv(text->conversion, &in, &in_left, &out, &out_left) != (size_t)-1) {
			break;
		}
		if (errno == E2BIG || out_left == 0 || (errno == EINVAL && !text->ended)) {
			break;
		}
		size_t strange = in_left < text->unit ? in_left : text->unit;
		in += strange;
		in_left -= strange;
		*out++ = IMPORT_TEXT_STRANGE;
		out_left--;
	}
	memmove(text->in, in, in_left);
	text->in_used = in_left;
	text->out_used = OUT_SIZE - out_left;
}

static void fill(struct import_text *text)
{
	text->at = text->out_used = 0;
	while (text->out_used == 0 && !(text->ended && text->in_used == 0)) {
		char *into = text->has_conversion ? text->in + text->in_used : text->out;
		ssize_t got = text->ended ? 0 : read_some(text->fd, into, IN_SIZE - text->in_used);
		if (got < 0) {
			text->trouble = errno;
		}
		text->ended = text->ended || got <= 0;
		text->taken += got > 0 ? (uint64_t)got : 0;
		if (text->has_conversion) {
			text->in_used += got > 0 ? (size_t)got : 0;
			convert(text);
		} else {
			text->out_used = got > 0 ? (size_t)got : 0;
		}
	}
}

static int next_byte(struct import_text *text)
{
	if (text->at == text->out_used) {
		fill(text);
	}
	return text->at < text->out_used ? (unsigned char)text->out[text->at++] : IMPORT_TEXT_END;
}

int import_text_next(struct import_text *text)
{
	int byte = next_byte(text);
	if (byte != '\r') {
		return byte;
	}
	if (next_byte(text) != '\n' && text->at > 0) { /* a line that ends in this alone, as on a Mac of old */
		text->at--;
	}
	return '\n';
}

char import_text_hint(struct import_text *text)
{
	size_t size = sizeof(HINT) - 1;
	if (text->at == text->out_used) {
		fill(text);
	}
	bool is_hint = text->at == 0 && text->out_used > size + 1 && memcmp(text->out, HINT, size) == 0 &&
		       (text->out[size + 1] == '\n' || text->out[size + 1] == '\r');
	if (!is_hint) {
		return '\0';
	}
	text->at = size + 1;
	import_text_next(text);
	return text->out[size];
}

bool import_text_is_whole(const struct import_text *text, struct fail *fail)
{
	return text->trouble == 0 || cannot(text->path, text->trouble, fail);
}

double import_text_part(const struct import_text *text)
{
	return text->size > 0 ? (double)text->taken / (double)text->size : 1;
}
