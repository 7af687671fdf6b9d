# tests.cmake - finds the tests by their folders: a file test_NAME.c is a program and a ctest entry.
# PROCESSORS counts halves: two tests share a processor (tests/run), those that compute take one or more. The
# greater COST starts first, so that no long one is left for the end.
# SPDX-License-Identifier: MIT

layer(support tests/support api engine io PkgConfig::CMOCKA Threads::Threads)
if(TARGET support)
  target_include_directories(support PUBLIC tests)
endif()

# c_tests FOLDER LABEL SECONDS LIBRARIES...
function(c_tests folder label seconds)
  file(GLOB files CONFIGURE_DEPENDS tests/${folder}/test_*.c)
  foreach(file ${files})
    get_filename_component(name ${file} NAME_WE)
    set(target ${label}_${name})
    add_executable(${target} ${file})
    target_include_directories(${target} PRIVATE src . tests)
    if(name MATCHES "^test_runner") # a program of its own: its names may be those of other layers
      target_link_libraries(${target} PRIVATE runner)
    endif()
    if(name MATCHES "^test_configure")
      target_link_libraries(${target} PRIVATE configure)
    endif()
    if(name MATCHES "^test_iac")
      target_link_libraries(${target} PRIVATE iac)
    endif()
    target_link_libraries(${target} PRIVATE ${ARGN} support PkgConfig::CMOCKA)
    add_test(NAME ${label}/${name} COMMAND ${target} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(${label}/${name} PROPERTIES TIMEOUT ${seconds} LABELS ${label}
      ENVIRONMENT "BUILD_DIR=${CMAKE_BINARY_DIR}")
  endforeach()
endfunction()

c_tests(unit unit 60 cli api drivers collectors config series store)
c_tests(integration integration 120 cli api drivers collectors config series store)

# What speaks MQTT is tried with version 5, too.
foreach(name test_mqtt_collector test_mqtt_decoders test_mqtt_flapping test_mqtt_shared test_notify_mqtt)
  add_test(NAME integration/${name}_5 COMMAND integration_${name} 5 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(integration/${name}_5 PROPERTIES TIMEOUT 120 LABELS integration
    ENVIRONMENT "BUILD_DIR=${CMAKE_BINARY_DIR}")
endforeach()

# scenarios/NAME.scn: played by one program.
file(GLOB files CONFIGURE_DEPENDS tests/scenarios/*.c)
add_executable(scenario ${files})
target_include_directories(scenario PRIVATE tests)
target_link_libraries(scenario PRIVATE support)
file(GLOB files CONFIGURE_DEPENDS tests/scenarios/*.scn)
foreach(file ${files})
  get_filename_component(name ${file} NAME_WE)
  add_test(NAME scenarios/${name} COMMAND scenario ${file} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(scenarios/${name} PROPERTIES TIMEOUT 60 LABELS scenarios)
endforeach()

# simulation: the cores in worlds of seeded faults; and mistakes planted into them, which it must notice.
if(TARGET simulate)
  add_test(NAME simulation/verdict COMMAND simulate --seed 1 --runs 20000 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  add_test(NAME simulation/sample COMMAND simulate --world sample --runs 3000 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(simulation/verdict PROPERTIES TIMEOUT 120 LABELS simulation PROCESSORS 2 COST 400)
  set_tests_properties(simulation/sample PROPERTIES TIMEOUT 240 LABELS simulation PROCESSORS 2 COST 400)
  if(CMAKE_BUILD_TYPE STREQUAL Release)
    add_test(NAME simulation/mutants COMMAND /usr/bin/python3 tests/simulation/mutants
      WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(simulation/mutants PROPERTIES TIMEOUT 300 LABELS simulation PROCESSORS 3 COST 500
      ENVIRONMENT "BUILD_DIR=${CMAKE_BINARY_DIR};PYTHONDONTWRITEBYTECODE=1")
  endif()

  # simulate-disk: the same world with the shipped journal on a disk that fails; store_none.c is what it has not.
  file(GLOB files CONFIGURE_DEPENDS tests/disk/*.c)
  add_executable(simulate-disk ${files} $<FILTER:$<TARGET_OBJECTS:simulate>,EXCLUDE,store_none>)
  target_include_directories(simulate-disk PRIVATE src .)
  target_link_libraries(simulate-disk PRIVATE store config engine)
  add_test(NAME simulation/disk COMMAND simulate-disk --runs 300 --partial WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(simulation/disk PROPERTIES TIMEOUT 240 LABELS simulation PROCESSORS 2 COST 400)
endif()

# bench/fleet: the daemon with a source of its own in place of collectors/types.c; built by the bench alone.
file(GLOB files CONFIGURE_DEPENDS tests/bench/fleet_daemon/*.c src/daemon/*.c)
add_executable(fleet-daemon EXCLUDE_FROM_ALL ${files})
target_include_directories(fleet-daemon PRIVATE src .)
target_link_libraries(fleet-daemon PRIVATE api drivers collectors config series store)

# fuzz/fuzz_NAME.c: libFuzzer programs. cmake -DCMAKE_C_COMPILER=clang -DSANITIZE=fuzzer-no-link,address,undefined
# In every other build fuzz/replay.c tries the seeds of each and pieces of them.
set(seeds_config rules)
set(seeds_levers tests/fuzz/seeds/levers tests/unit/data/haproxy)
file(GLOB files CONFIGURE_DEPENDS tests/fuzz/fuzz_*.c)
foreach(file ${files})
  get_filename_component(name ${file} NAME_WE)
  if(SANITIZE MATCHES "fuzzer-no-link")
    add_executable(${name} ${file})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(${name} ${file} tests/fuzz/replay.c)
    string(REPLACE "fuzz_" "" short ${name})
    if(NOT DEFINED seeds_${short})
      set(seeds_${short} tests/fuzz/seeds/${short})
    endif()
    add_test(NAME fuzz/${short} COMMAND ${name} ${seeds_${short}} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(fuzz/${short} PROPERTIES TIMEOUT 60 LABELS fuzz)
  endif()
  target_include_directories(${name} PRIVATE src . tests)
  target_link_libraries(${name} PRIVATE iac api cli)
endforeach()

# support/preload/NAME.c is NAME.so: loaded into a daemon of a test or bench before its libraries.
file(GLOB files CONFIGURE_DEPENDS tests/support/preload/*.c)
foreach(file ${files})
  get_filename_component(name ${file} NAME_WE)
  add_library(${name} MODULE ${file})
  set_target_properties(${name} PROPERTIES PREFIX "")
endforeach()

# e2e/NAME.c is e2e_NAME: what the tests there have made for them by the project's own code.
file(GLOB files CONFIGURE_DEPENDS tests/e2e/*.c)
foreach(file ${files})
  get_filename_component(name ${file} NAME_WE)
  add_executable(e2e_${name} ${file})
  target_include_directories(e2e_${name} PRIVATE src . tests)
  target_link_libraries(e2e_${name} PRIVATE cli)
endforeach()

# bench/NAME.c is bench_NAME, soak/NAME.c is NAME: by hand.
file(GLOB files CONFIGURE_DEPENDS tests/bench/*.c tests/soak/*.c)
foreach(file ${files})
  get_filename_component(name ${file} NAME_WE)
  if(file MATCHES "/bench/")
    string(PREPEND name bench_)
  endif()
  add_executable(${name} ${file})
  target_include_directories(${name} PRIVATE src . tests)
  target_link_libraries(${name} PRIVATE cli)
endforeach()

include(tests/gates.cmake)
