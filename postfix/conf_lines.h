#ifndef POSTFIX_CONF_LINES_H
#define POSTFIX_CONF_LINES_H
/*
 * conf_lines - logical lines of a configuration file or text table (postconf(5), postmap(1)):
 * comments and blank lines vanish wherever they stand, a line that begins with white space
 * continues the one before, whose newline goes and whose white space stays. Text from a NUL on is
 * dropped. A file may not begin with white space: such a logical line is warned about and skipped.
 */
#include <stddef.h>

struct conf_lines;

/* NULL: *error is errno. The whole file is read at once. */
struct conf_lines *conf_lines_open(const char *path, int *error);

/* From LENGTH bytes that stay until conf_lines_close(). PATH is for warnings. */
struct conf_lines *conf_lines_text(const char *path, const char *data, size_t length);

/*
 * The next logical line, valid until the next call; NULL: no more. *line_number (may be NULL) is
 * its first physical line's, from 1.
 */
const char *conf_lines_next(struct conf_lines *lines, int *line_number);

/* NULL is fine. */
void conf_lines_close(struct conf_lines *lines);

#endif
