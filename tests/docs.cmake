# The documents and the layer check, as tests. Needs the program and the examples.
find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)
if(AETHER_BUILD_CLI AND AETHER_BUILD_EXAMPLES AND AETHER_WITH_SQLITE)
  add_test(NAME Docs.SnippetsAreCompiledAndCommandsWork
    COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/script/check_docs.py
            --bin $<TARGET_FILE_DIR:aether_cli>)
  set_tests_properties(Docs.SnippetsAreCompiledAndCommandsWork PROPERTIES TIMEOUT 300)
endif()
add_test(NAME Docs.TheCheckItselfSeesWhatIsWrong
  COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/script/check_docs.py --self-test)
add_test(NAME Layers.NoIncludeAgainstTheArrows
  COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/script/check_layers.py)
add_test(NAME Layers.TheCheckItselfSeesWhatIsWrong
  COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/script/check_layers.py --self-test)
