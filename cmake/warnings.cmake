# Warnings, hardening and sanitizers for our own targets; third-party headers are SYSTEM.
add_library(bowei_flags INTERFACE)
target_compile_definitions(bowei_flags INTERFACE _POSIX_C_SOURCE=200809L _DEFAULT_SOURCE
  BOWEI_VERSION="${PROJECT_VERSION}")
target_compile_options(bowei_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes
  -Wmissing-prototypes -Wold-style-definition -Wundef -Wvla -Wformat=2 -Wcast-qual -Wwrite-strings
  -Wswitch-enum -Wnull-dereference -Wdouble-promotion -Werror=format-security)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  target_compile_options(bowei_flags INTERFACE -Wduplicated-cond -Wduplicated-branches -Wlogical-op
    -Wjump-misses-init -Wcast-align=strict -Wimplicit-fallthrough=3 -Walloc-zero)
else()
  target_compile_options(bowei_flags INTERFACE -Wthread-safety -Wimplicit-fallthrough)
endif()
if(BOWEI_WERROR)
  target_compile_options(bowei_flags INTERFACE -Werror)
endif()
if(BOWEI_SANITIZE)
  target_compile_options(bowei_flags INTERFACE -fsanitize=${BOWEI_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  # gcc's flow analysis reports impossible null dereferences in instrumented code
  target_compile_options(bowei_flags INTERFACE -Wno-null-dereference)
  target_link_options(bowei_flags INTERFACE -fsanitize=${BOWEI_SANITIZE})
else()
  target_compile_options(bowei_flags INTERFACE -fstack-protector-strong -fstack-clash-protection
    -fcf-protection -fPIE)
  target_compile_definitions(bowei_flags INTERFACE $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
  target_link_options(bowei_flags INTERFACE -pie -Wl,-z,relro,-z,now)
endif()
if(BOWEI_COVERAGE)
  # many threads count: without atomic counters some lines would have been run a negative number of times
  target_compile_options(bowei_flags INTERFACE --coverage -fprofile-update=atomic -O0)
  target_link_options(bowei_flags INTERFACE --coverage)
endif()
# asserts stay in every build: a broken invariant must stop, not spread
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
# for ThreadSanitizer: -O2 -g takes the compiler half as long again and finds no more
set(CMAKE_C_FLAGS_TRACED "-O1 -g1")
