#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "postfix/expand.h"
#include "postfix/version.h"
#include "t/lib/heard.h"
#include "t/lib/tap.h"

static const struct {
	const char *name, *value;
} values[] = {
	{"foo", "1"},
	{"bar", ""},
	{"ref", "$bar"},
	{"empty", "$undefined"},
	{"bad", "a${x-y}"},
	{"loop", "$-"},
	{"loop1", "${loop1?x}"},
	{"loop2", "${loop3}b"},
	{"loop3", "$loop2"},
	{"endless", "a $endless"},
	{"uml",
		"  B\xC3\x9C"
		"cher.example "},
};

enum { CHAIN = 102 };

static char chain[CHAIN][32]; /* chain3 is $chain2 is $chain1 is end */
static char twice[CHAIN][32]; /* twice3 is $twice2$twice2 ... is end eight times */

static const char *value_of(const void *context, const char *name)
{
	size_t number = strlen(name) > 5 ? strtoul(name + 5, NULL, 10) : 0;

	(void)context;
	if (number > 0 && number < CHAIN && strncmp(name, "chain", 5) == 0)
		return chain[number];
	if (number > 0 && number < CHAIN && strncmp(name, "twice", 5) == 0)
		return twice[number];
	for (size_t i = 0; i < COUNT(values); i++)
		if (strcmp(values[i].name, name) == 0)
			return values[i].value;
	return NULL;
}

#define W "warning: "
#define AND "|warning: "
#define OPERATOR "\"==\" or \"!=\"\" or \"<\"\" or \"<=\"\" or \">=\"\" or \">\" expected at: "
#define FATAL "|dictionary mail_dict: macro processing error"

/* What smtp(8) of Postfix 3.7.11 made of them, and what it logged. */
static const struct expansion {
	const char *text;
	const char *expanded; /* NULL: an error */
	const char *said;     /* warnings, and the fatal text behind them */
} expansions[] = {
	{"plain text  with   blanks", "plain text  with   blanks", ""},
	{"$foo", "1", ""},
	{"x$foo.y", "x1.y", ""},
	{"a$foo-$foo", "a1-1", ""},
	{"$fooo|x", "|x", ""},
	{"${foo}", "1", ""},
	{"$(foo)", "1", ""},
	{"${ foo }", "1", ""},
	{"$(foo )", "1", ""},
	{"${\tfoo\t}", "1", ""},
	{"x$$y", "x$y", ""},
	{"$$foo", "$foo", ""},
	{"$$$foo", "$1", ""},
	{"$$$$", "$$", ""},
	{"x$nix", "x", ""},
	{"x$ref|y", "x|y", ""},
	{"$loop1", "x", ""},
	{"${foo}}", "1}", ""},
	{"$(foo))", "1)", ""},
	{"a}b{c", "a}b{c", ""},
	{"${?x}z", "z", ""},
	{"${ ?x}z", "z", ""},
	{"${:x}", "x", ""},
	{"${ }z", "z", ""},
	{"$( )z", "z", ""},
	{"x$ref", "x", ""},
	{"x${ref?yes}", "xyes", ""},
	{"x${ref:no}", "x", ""},
	{"x${empty?yes}", "xyes", ""},
	{"x${empty:no}", "x", ""},
	{"${foo?a:b}", "a:b", ""},
	{"z${foo:a:b}", "z", ""},
	{"${nix:a?b}", "a?b", ""},
	{"${foo ?a b }z", "a b z", ""},
	{"$(foo?text)", "text", ""},
	{"$(foo?(a)b)", "(a)b", ""},
	{"${foo?}z", "z", ""},
	{"z${nix:}z", "zz", ""},
	{"z${nix?a}z", "zz", ""},
	{"${foo? a }z", " a z", ""},
	{"${foo?{a}}", "a", ""},
	{"${foo?{ a }}z", " a z", ""},
	{"z${nix?{a}}z", "zz", ""},
	{"${nix:{b}}", "b", ""},
	{"${foo?{a}:{b}}", "a", ""},
	{"${nix?{a}:{b}}", "b", ""},
	{"${ foo ? {a} : {b} }", "a", ""},
	{"${foo?{a}:b c }x", "ax", ""},
	{"z${nix?{a}:{ b }}z", "z b z", ""},
	{"z${nix?{a}: b }z", "z b z", ""},
	{"z${foo?{a} :}", "za", ""},
	{"z${nix?{a} :}", "z", ""},
	{"${foo?{a} }", "a", ""},
	{"z${foo:$}", "z", ""},
	{"z${foo:{$}}", "z", ""},
	{"z${foo?{a}:$}", "za", ""},
	{"z${foo?{a}:{$-}}", "za", ""},
	{"${foo?$foo$foo}", "11", ""},
	{"${foo?{${foo?{${foo?x}}}}}", "x", ""},
	{"${{a}=={a}}", "true", ""},
	{"z${{a}=={b}}", "z", ""},
	{"${{a} == {a} ? y : n}", " y : n", ""},
	{"z${{a} =={b} ? y : n}", "z", ""},
	{"${{1} == {1} ? {y} : {n}}", "y", ""},
	{"${{1} == {2} ? {y} : {n}}", "n", ""},
	{"z${{1} == {1} : {n}}x", "zx", ""},
	{"${{1} == {2} : {n}}x", "nx", ""},
	{"${{1} == {2} : n }x", " n x", ""},
	{"${ {1} == {1} }", "true", ""},
	{"${{a}!={b}}", "true", ""},
	{"z${{a}!={a}}", "z", ""},
	{"${{9} < {10}}", "true", ""},
	{"z${{9} < {10a}}", "z", ""},
	{"z${{9} > {10}}", "z", ""},
	{"z${{ 9} == {9}}", "z", ""},
	{"z${{3.9} < {3.10}}", "z", ""},
	{"${{007} == {7}}", "true", ""},
	{"${{} == {}}", "true", ""},
	{"${{a} < {b}}", "true", ""},
	{"${{a} <= {a}}", "true", ""},
	{"${{a} >= {a}}", "true", ""},
	{"z${{a} > {a}}", "z", ""},
	{"z${{A} == {a}}", "z", ""},
	{"z${{-1} < {-2}}", "ztrue", ""},
	{"${{$foo} == {1} ? {$foo$foo} : {$-}}", "11", ""},
	{"${{$foo} == {1} ? {${{$foo} > {0}}}}", "true", ""},
	{"${{\xC3\xA9}>{z}}", "true", ""},
	{"z${{a}!= {b}?}", "z", ""},
	{"z${{a}>{b}:x}", "zx", ""},
	{"z${{1}<{+1}}", "z", ""},
	{"${{9223372036854775807}>{1}}", "true", ""},
	{"${{3.10} >level {3.9}}", "true", ""},
	{"${{3} ==level {3.0.0}}", "true", ""},
	{"z${{3.6} <level {3.6}}", "z", ""},
	{"${{3.6} <=level {3.6}}", "true", ""},
	{"${{3.6} >=level {3.6}}", "true", ""},
	{"z${{3.6} !=level {3.6}}", "z", ""},
	{"${{1} !=level {2}}", "true", ""},
	{"${{1}==level{1}}", "true", ""},
	{"$", NULL, W "empty macro name: \"$\"" FATAL},
	{"a$", NULL, W "empty macro name: \"a$\"" FATAL},
	{"$-", NULL, W "empty macro name: \"$-\"" FATAL},
	{"$\xC3\xA9", NULL, W "empty macro name: \"$??\"" FATAL},
	{"x$ y", NULL, W "empty macro name: \"x$ y\"" FATAL},
	{"${}", NULL, W "empty macro name: \"${}\"" FATAL},
	{"$()", NULL, W "empty macro name: \"$()\"" FATAL},
	{"x${}y${}", NULL, W "empty macro name: \"x${}y${}\"" FATAL},
	{"$-$-", NULL, W "empty macro name: \"$-$-\"" FATAL},
	{"${", NULL, W "truncated macro reference: \"${\"" FATAL},
	{"$(", NULL, W "truncated macro reference: \"$(\"" FATAL},
	{"${foo", NULL, W "truncated macro reference: \"${foo\"" FATAL},
	{"x${foo}${foo", NULL, W "truncated macro reference: \"x${foo}${foo\"" FATAL},
	{"${a b", NULL, W "truncated macro reference: \"${a b\"" FATAL},
	{"${foo)", NULL, W "truncated macro reference: \"${foo)\"" FATAL},
	{"$(foo}", NULL, W "truncated macro reference: \"$(foo}\"" FATAL},
	{"${a-b}", NULL, W "attribute name syntax error at: \"...a>>>-b\"" FATAL},
	{"${foo bar}", NULL, W "attribute name syntax error at: \"...foo>>> bar\"" FATAL},
	{"${foo=bar}", NULL, W "attribute name syntax error at: \"...foo>>>=bar\"" FATAL},
	{"${  foo%bar  }", NULL, W "attribute name syntax error at: \"...  foo>>>%bar  \"" FATAL},
	{"${-}", NULL, W "attribute name syntax error at: \"...>>>-\"" FATAL},
	{"${()}", NULL, W "attribute name syntax error at: \"...>>>()\"" FATAL},
	{"$(${foo})", NULL, W "attribute name syntax error at: \"...>>>${foo}\"" FATAL},
	{"${$foo}", NULL, W "attribute name syntax error at: \"...>>>$foo\"" FATAL},
	{"${foo?{abc}  xyz}", NULL, W "\":\" expected at: \"...abc}>>>xyz\"" FATAL},
	{"${foo?{a}x}${y-z}", NULL, W "\":\" expected at: \"...a}>>>x\"" FATAL},
	{"${foo?{a}x}${y", NULL,
		W "\":\" expected at: \"...a}>>>x\"" AND
		  "truncated macro reference: \"${foo?{a}x}${y\"" FATAL},
	{"${a-b}text${y", NULL,
		W "attribute name syntax error at: \"...a>>>-b\"" AND
		  "truncated macro reference: \"${a-b}text${y\"" FATAL},
	{"${a-b}$loop", NULL, W "attribute name syntax error at: \"...a>>>-b\"" FATAL},
	{"${foo:{abc}  xyz}", NULL, W "unexpected input at: \"...abc}>>>xyz\"" FATAL},
	{"${foo:{a}:{b}}", NULL, W "unexpected input at: \"...a}>>>:{b}\"" FATAL},
	{"$(foo?{a)", NULL, W "unbalanced {} in attribute expression: \"{a\"" FATAL},
	{"$(foo?{a}:{b)", NULL, W "unbalanced {} in attribute expression: \"{b\"" FATAL},
	{"$(foo:{b)", NULL, W "unbalanced {} in attribute expression: \"{b\"" FATAL},
	{"$({1 == {1})", NULL, W "unbalanced {} in attribute expression: \"{1 == {1}\"" FATAL},
	{"$({1} == {1)", NULL, W "unbalanced {} in attribute expression: \"{1\"" FATAL},
	{"${foo?$}", NULL, W "empty macro name: \"$\"" FATAL},
	{"${foo?{${x-y}}}", NULL, W "attribute name syntax error at: \"...x>>>-y\"" FATAL},
	{"$bad", NULL, W "attribute name syntax error at: \"...x>>>-y\"" FATAL},
	{"x${bad}y", NULL, W "attribute name syntax error at: \"...x>>>-y\"" FATAL},
	{"$bad${z", NULL,
		W "attribute name syntax error at: \"...x>>>-y\"" AND
		  "truncated macro reference: \"$bad${z\"" FATAL},
	{"${{1} = {1}}", NULL, W OPERATOR "\"...1}>>>= {1}\"" FATAL},
	{"${{1}}", NULL, W OPERATOR "\"...1}>>>\"" FATAL},
	{"${{1} {1}}", NULL, W OPERATOR "\"...1}>>>{1}\"" FATAL},
	{"${{1} == 1}", NULL, W "\"{expression}\" expected at: \"...{1} ==>>> 1\"" FATAL},
	{"${  {1}   ==   1}", NULL, W "\"{expression}\" expected at: \"...{1} ==>>>   1\"" FATAL},
	{"${{1} == {12345}   xyz }", NULL, W "\"?\" or \":\" expected at: \"...}>>>xyz \"" FATAL},
	{"${{1} == {1} : {a} : b}", NULL, W "unexpected input at: \"...a}>>>: b\"" FATAL},
	{"${{1}=={1} ?{a}b}", NULL, W "\":\" expected at: \"...a}>>>b\"" FATAL},
	{"${{$} == {1}}", NULL, W "empty macro name: \"$\"" FATAL},
	{"${{$-} == {${}}}", NULL,
		W "empty macro name: \"$-\"" AND "empty macro name: \"${}\"" FATAL},
	{"${{$bad} == {1} x}", NULL, W "attribute name syntax error at: \"...x>>>-y\"" FATAL},
	{"${{1} <= level {1}}", NULL,
		W "\"{expression}\" expected at: \"...{1} <=>>> level {1}\"" FATAL},
	{"${{1} <=level 1}", NULL, W "\"{expression}\" expected at: \"...{1} <=>>> 1\"" FATAL},
	{"${{1} <=foo {1}}", NULL, W "bad operator suffix at: \"...<=>>>foo\"" FATAL},
	{"${{1} <=levels {1}}", NULL, W "bad operator suffix at: \"...<=>>>levels\"" FATAL},
	{"${{1} <=LEVEL {1}}", NULL, W "bad operator suffix at: \"...<=>>>LEVEL\"" FATAL},
	{"${{1}==_{1}}", NULL, W "\"{expression}\" expected at: \"...{1} ==>>>_{1}\"" FATAL},
	{"${{1}=== {1}}", NULL, W OPERATOR "\"...1}>>>=== {1}\"" FATAL},
	{"${{1}=>{1}}", NULL, W OPERATOR "\"...1}>>>=>{1}\"" FATAL},
	{"${{1}!{1}}", NULL, W OPERATOR "\"...1}>>>!{1}\"" FATAL},
	{"${{1}==?{1}}", NULL, W OPERATOR "\"...1}>>>==?{1}\"" FATAL},
	{"${{a} <=level {1}}", NULL, W "malformed compatibility level syntax: \"a\"" FATAL},
	{"${{1} <=level {b}}", NULL, W "malformed compatibility level syntax: \"b\"" FATAL},
	{"${{} <=level {1}}", NULL, W "malformed compatibility level syntax: \"\"" FATAL},
	{"${{99999999999999999999} < {1}}", NULL,
		"mac_exp_eval: bad conversion: 99999999999999999999"},
	{"${{1} < {99999999999999999999}}", NULL,
		"mac_exp_eval: bad conversion: 99999999999999999999"},
	{"${a-b}$loop$nix${", NULL,
		W "attribute name syntax error at: \"...a>>>-b\"" AND
		  "truncated macro reference: \"${a-b}$loop$nix${\"" FATAL},
	{"${a-b}$foo$", NULL,
		W "attribute name syntax error at: \"...a>>>-b\"" AND
		  "empty macro name: \"${a-b}$foo$\"" FATAL},
	{"${a-b}${}${x", NULL, W "attribute name syntax error at: \"...a>>>-b\"" FATAL},
	{"$-a${", NULL, W "empty macro name: \"$-a${\"" FATAL},
	{"${{9$-}<{99999999999999999999}}", NULL,
		W "empty macro name: \"9$-\"|"
		  "mac_exp_eval: bad conversion: 99999999999999999999"},
	{"${{$bad$nix} <=level {1}}", NULL,
		W "attribute name syntax error at: \"...x>>>-y\"" AND
		  "malformed compatibility level syntax: \"a\"" FATAL},
	{"${{$-}<=level{$-}}", NULL,
		W "empty macro name: \"$-\"" AND "empty macro name: \"$-\"" AND
		  "malformed compatibility level syntax: \"\"" FATAL},
	{"$endless", NULL,
		W "unreasonable macro call nesting: \"a \"" AND
		  "unreasonable macro call nesting: \"endless\"" FATAL},
	{"$loop2", NULL, W "unreasonable macro call nesting: \"loop3\"" FATAL},
};

/* Checks what TEXT becomes in VERSION. */
static void check(int version, const char *text, const char *expanded, const char *said)
{
	struct pool pool = {0};
	const struct expander expander = {.value = value_of, .version = version, .pool = &pool};
	const char *error = "", *got = expand(&expander, text, &error), *warned = heard();
	const char *all = pool_format(&pool, "%s%s%s", warned, *warned && *error ? "|" : "", error);

	is_text(got, expanded, text);
	is_text(all, said, text);
	pool_free(&pool);
}

static void check_depth(void)
{
	for (int i = 2; i < CHAIN; i++) {
		snprintf(chain[i], sizeof chain[i], "$chain%d", i - 1);
		snprintf(twice[i], sizeof twice[i], "$twice%d$twice%d", i - 1, i - 1);
	}
	snprintf(chain[1], sizeof chain[1], "end");
	snprintf(twice[1], sizeof twice[1], "end");
	check(0, "$chain100", "end", "");
	check(0, "$chain101", NULL, W "unreasonable macro call nesting: \"end\"" FATAL);
	check(0, "${foo?$chain99}", "end", "");
	check(0, "${foo?$chain100}", NULL, W "unreasonable macro call nesting: \"end\"" FATAL);
	check(0, "${{$chain100} == {end}}", "true", "");
	check(0, "$twice3", "endendendend", "");
	check(0, "$twice99", NULL, W "too many macro references: \"twice1\"" FATAL);
}

/* What came later than 3.5 is unknown to it. */
static void check_versions(void)
{
	const char *const level = "${{3.10} >level {3.9}}";
	const char *const function = "${domain_to_ascii{$uml}}";

	check(POSTFIX(3, 6), level, "true", "");
	check(POSTFIX(3, 5), level, NULL, W "bad operator suffix at: \"...>>>>level\"" FATAL);
	check(POSTFIX(3, 5), "${{9} < {10}}", "true", "");

	check(POSTFIX(3, 11), function, "xn--bcher-kva.example", "");
	check(0, "<${ domain_to_utf8 {xn--bcher-kva.example} }>",
		"<b\xC3\xBC"
		"cher.example>",
		"");
	check(0, "${domain_to_ascii{example.com}}", "example.com", "");
	check(0, "${domain_to_ascii{a}b}", NULL, W "unexpected input at: \"...a}>>>b\"" FATAL);
	check(0, "$(domain_to_ascii{a)", NULL,
		W "unbalanced {} in attribute expression: \"{a\"" FATAL);
	check(0, "${domain_to_ascii{$-}}", NULL, W "empty macro name: \"$-\"" FATAL);
	check(0, "${domain_to_ascii{xn--\xC3\xBC}}", NULL,
		W "cannot convert domain \"xn--??\" to ASCII: string contains invalid punycode "
		  "data" FATAL);
	check(0, "${domain_to_what{a}}", NULL,
		W "attribute name syntax error at: \"...domain_to_what>>>{a}\"" FATAL);
	check(POSTFIX(3, 10), function, NULL,
		W "attribute name syntax error at: \"...domain_to_ascii>>>{$uml}\"" FATAL);
}

int main(void)
{
	heard_start();
	for (const struct expansion *e = expansions; e < expansions + COUNT(expansions); e++)
		check(POSTFIX(3, 7), e->text, e->expanded, e->said);
	check_depth();
	check_versions();
	heard_stop();
	return done();
}
