# frozen_string_literal: true

module Kino
  module Check
    # Why an app cannot run on Ractors: the causes, in the order in which to deal with them. doc/ractors.md gives
    # each with its fix.
    #
    # @api private
    module Causes # rubocop:disable Metrics/ModuleLength -- a table
      # One of them.
      #
      # @!attribute [r] title
      #   @return [String] heads the findings of this cause
      # @!attribute [r] fix
      #   @return [String] what to do, where the finding knows nothing better
      # @!attribute [r] first
      #   @return [String] the advice if this is what to begin with
      # @!attribute [r] anywhere
      #   @return [Boolean] whether threads raise the same, so that {Config::Mode} gains nothing by taking them
      Cause = Data.define(:title, :fix, :first, :anywhere) do
        def initialize(title:, fix:, first: fix, anywhere: false) = super
      end

      # {Cause} by symbol.
      ALL = {
        no_app: Cause.new(
          title: "what is no Rack app",
          fix: "give an object that has a public call method, which takes the env",
          anywhere: true
        ),
        captured: Cause.new(
          title: "procs that hold what cannot be shared",
          fix: "make it a method of a module or class",
          first: "turn the procs into modules or classes with a self.call method"
        ),
        unshareable: Cause.new(
          title: "objects that can never be shared",
          fix: "make one for each Ractor where it is used: Ractor.store_if_absent(:name) { ... }",
          first: "make what can never be shared (a Logger, a File, a Mutex) for each Ractor, where it is used: " \
                 "Ractor.store_if_absent(:name) { ... }"
        ),
        unfrozen: Cause.new(
          title: "objects that are not frozen",
          fix: "Ractor.make_shareable(app) once it is built, if the app does not change itself; in a config.ru with " \
               "use or map: run Ractor.make_shareable(Rack::Builder.app { use ...; run ... })",
          first: "freeze the app once it is built: run Ractor.make_shareable(app); in a config.ru with use or map: " \
                 "run Ractor.make_shareable(Rack::Builder.app { use ...; run ... })"
        ),
        constant: Cause.new(
          title: "constants that hold what cannot be shared",
          fix: "NAME = Ractor.make_shareable(...)",
          first: "freeze what the constants hold: Ractor.make_shareable(...); keep what requests change for each Ractor"
        ),
        class_ivar: Cause.new(
          title: "instance variables of classes that hold what cannot be shared",
          fix: "let it hold Ractor.make_shareable(...), set when the app is loaded",
          first: "let the instance variables of classes hold only frozen values"
        ),
        class_ivar_write: Cause.new(
          title: "instance variables of classes that are set while a request runs",
          fix: "set it when the app is loaded, or keep it for each Ractor: Ractor.current[:name] ||= ...",
          first: "set the instance variables of classes when the app is loaded, not in a request"
        ),
        class_variable: Cause.new(
          title: "class variables",
          fix: "use a constant with a frozen value; keep what requests change in Ractor.current[:name]",
          first: "replace the class variables by constants"
        ),
        global: Cause.new(
          title: "global variables",
          fix: "use a constant with a frozen value; keep what a request needs in Thread.current[:name], and " \
               "what stays in Ractor.current[:name]",
          first: "replace the global variables by constants"
        ),
        constant_write: Cause.new(
          title: "constants that are set while a request runs",
          fix: "set it when the app is loaded",
          first: "set the constants when the app is loaded"
        ),
        method_of_proc: Cause.new(
          title: "methods that were defined from a block",
          fix: "define it with def (class_eval with a String where the name is computed)",
          first: "write def in place of define_method"
        ),
        frozen: Cause.new(
          title: "shared objects that are changed while a request runs",
          fix: "compute it in initialize, before the object is frozen, or keep it for each Ractor: " \
               "Ractor.current[:name] ||= ...",
          first: "let no request change what is frozen",
          anywhere: true
        ),
        forbidden: Cause.new(
          title: "methods of Ruby that only the main Ractor may call",
          fix: "do it before the server starts",
          first: "move these calls out of the requests"
        ),
        extension: Cause.new(
          title: "C extensions that do not say that they are safe in Ractors (unknown until called)",
          fix: "call it once in a Ractor (kino --check --request), ask its authors for rb_ext_ractor_safe, or use " \
               "mode: :threaded",
          first: "try the requests that use these extensions: kino --check --request \"GET /path\""
        ),
        not_loaded: Cause.new(
          title: "code that is not loaded yet (autoload)",
          fix: "require it when the app is loaded, so that it can be read here, and no request has to wait for it",
          first: "require what the app uses when it is loaded"
        ),
        cut: Cause.new(
          title: "more than was read",
          fix: "try the app: kino --check --request \"GET /path\""
        ),
        breakdown: Cause.new(
          title: "what the check failed over",
          fix: "report it with this text, for it is a mistake of Kino's; try the app: kino --check --request " \
               "\"GET /path\"",
          first: "try the app: kino --check --request \"GET /path\""
        ),
        untried: Cause.new(
          title: "requests that were not tried to the end",
          fix: "try it with a server: kino -m ractor"
        ),
        request: Cause.new(
          title: "requests that failed in a Ractor",
          fix: "see the backtrace",
          first: "see what the requests raised"
        ),
        failure: Cause.new(
          title: "requests that failed, perhaps in threads too",
          fix: "it may fail in threads too: see the backtrace",
          first: "see why the requests failed",
          anywhere: true
        )
      }.freeze
    end
  end
end
