#include "ctl/board/frame.h"

#include "ctl/board/job.h"
#include "ctl/board/markup.h"

static void begin(const char *title, FILE *out)
{
	fputs("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
	      "<meta name=\"color-scheme\" content=\"light dark\"><title>",
	      out);
	markup_text(title, out);
	fputs(" · phased</title><link rel=\"stylesheet\" href=\"/board.css\"><link rel=\"icon\" "
	      "href=\"/icon.svg\">"
	      "<script src=\"/board.js\" defer></script></head>\n<body><a class=\"skip\" href=\"#main\">To the "
	      "content</a>\n",
	      out);
}

static void menu_entry(const char *path, const char *title, const struct job *job, FILE *out)
{
	fprintf(out, "<a href=\"%s?process=", path);
	markup_url(job->asked.process, out);
	fprintf(out, "\"%s>", path == job->page->path ? " aria-current=\"page\"" : "");
	markup_text(title, out);
	fputs("</a>\n", out);
}

void frame_begin(const struct job *job, const struct page *const *pages, size_t count, FILE *out)
{
	begin(job->page->title, out);
	fputs("<header><nav aria-label=\"Pages\">\n", out);
	for (size_t i = 0; i < count; i++) {
		if (pages[i]->in_menu) {
			menu_entry(pages[i]->path, pages[i]->title, job, out);
		}
	}
	fputs("</nav></header>\n<main id=\"main\" tabindex=\"-1\">\n", out);
}

void frame_end(FILE *out)
{
	fputs("</main>\n<footer>Times are UTC. What is shown was measured; nothing here changes "
	      "anything.</footer>\n"
	      "</body></html>\n",
	      out);
}

void frame_table_begin(const char *label, FILE *out)
{
	fputs("<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"", out);
	markup_text(label, out);
	fputs("\"><table>\n", out);
}

void frame_table_end(FILE *out)
{
	fputs("</tbody></table></div>\n", out);
}

void frame_say(const char *title, const char *text, FILE *out)
{
	begin(title, out);
	fputs("<header><nav aria-label=\"Pages\"><a href=\"/\">Overview</a></nav></header>\n"
	      "<main id=\"main\" tabindex=\"-1\"><h1>",
	      out);
	markup_text(title, out);
	fputs("</h1><p>", out);
	markup_text(text, out);
	fputs("</p>\n", out);
	frame_end(out);
}
