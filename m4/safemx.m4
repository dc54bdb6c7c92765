# SAFEMX_CHECK_CFLAG(FLAG): adds FLAG to WARN_CFLAGS if the compiler takes it.
AC_DEFUN([SAFEMX_CHECK_CFLAG], [
	AC_MSG_CHECKING([whether $CC takes $1])
	safemx_saved=$CFLAGS
	CFLAGS="$CFLAGS -Werror $1"
	AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
		[AC_MSG_RESULT([yes]); WARN_CFLAGS="$WARN_CFLAGS $1"], [AC_MSG_RESULT([no])])
	CFLAGS=$safemx_saved
])

# SAFEMX_OPTIONAL(NAME, WORD, CHECK): --without-WORD, else CHECK sets have=yes or no;
# defines HAVE_NAME for the preprocessor and automake.
AC_DEFUN([SAFEMX_OPTIONAL], [
	AC_ARG_WITH([$2], [AS_HELP_STRING([--without-$2], [leave out $2 support])], [], [with_$2=check])
	have=no
	AS_IF([test "x$with_$2" != xno], [$3])
	AS_IF([test "x$with_$2" = xyes && test "x$have" = xno], [AC_MSG_ERROR([$2 was asked for, but is not there])])
	AS_IF([test "x$have" = xyes], [AC_DEFINE([HAVE_$1], [1], [$2 support])])
	AM_CONDITIONAL([HAVE_$1], [test "x$have" = xyes])
])
