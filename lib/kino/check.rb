# frozen_string_literal: true

require "kino/check/breakdown"
require "kino/check/code"
require "kino/no_app"
require "kino/ruby"

module Kino
  # Tells why a Rack app can, or cannot, run on Ractors. doc/ractors.md says what the findings mean.
  #
  #     report = Kino::Check.report(App)
  #     report.verdict # => :blocked
  #     puts report
  #
  # == A map
  #
  # A report is put together from three sources. {Check::Graph} goes through the objects that the app holds,
  # {Check::Code} reads the code that a request reaches, and {Check::Trial} calls the app, where requests are given.
  # What they find is a {Check::Finding} each, by one of {Check::Causes}; {Check::Report} puts them in order, and
  # {Check::Text} in words. Mode auto asks {Check.first_finding}, which only reads code, and stops at the first finding.
  #
  # Objects (graph): contents, captures (what a Proc holds), never (what it holds that no
  # freezing helps), advice. Trial: exchange (one request in its Ractor).
  #
  # Code, from the outside to the inside:
  #
  # 1. {Check::Code} begins at the app's `call`, and sees to it that each method is read once for each receiver and what
  #    is known of its arguments (parameters; reading: a block is read again where more becomes known; body: what a
  #    server calls of the answer).
  # 2. {Check::InstructionList} has the instructions of a method or block, {Check::Flow} the ways through them: it goes
  #    over them until nothing new is learnt, and then knows what runs whichever way is taken.
  # 3. {Check::Reader} takes each instruction, with what is known of the stack and the local variables ({Check::Values}:
  #    an object that exists, one that a request makes, one of several, or nothing). Its modules are by what is read:
  #    state and globals (variables), constants, requests (a call, off the stack), calls (what it would run), blocks.
  #    Of a method that is not written in Ruby, native_calls says what that does: refusals and extensions (what raises),
  #    reflection (`send`), known_results with elements and pick, idioms with implied (what it returns, what it calls in
  #    turn). All other instructions only move the stack: effects.
  # 4. What it finds and what it calls, it notes in a {Check::MethodSummary}; a fan stands for calls by any name.
  # 5. {Check::Reach} goes from `call` through the summaries, and makes findings of the notes.
  #
  # What all of them ask: peek (objects, without calling anything of theirs), heap (what only the garbage collector
  # knows), scope with nesting and surroundings (where code stands), named (methods by their name alone), setters (who
  # sets an instance variable), rules (what Ruby allows a Ractor), budget, breakdown (where the check itself fails).
  #
  # == What it says
  #
  # - certain: every request meets it. It stands where each way through its method leads, the same goes for all calls on
  #   the way there, nothing rescues it, and what it is said of is the only thing that can be there. Three things take
  #   that away: `is_sure: false` on a note (Ruby may allow it after all), `by:` on a call (a block runs only if whoever
  #   gets it calls it; `:maybe` if that is not known), and, for a while, `Reader#doubting` (one of several is called).
  #   A {Check::Values::Doubtful} takes it away from what depends on the value.
  # - possible: all else.
  # - cut: something was not read, for there is too much of it (objects, methods, calls in each other, seconds:
  #   {Check::Code} and {Check::Graph} have the limits) or because it comes about in the request (`eval`).
  # - unfollowed: a call of which is not known what it calls. It is counted, and is no finding: it may be harmless.
  #   Nearly every app has some, `env["x"].strip` is one, so that mode auto would never take Ractors if they counted.
  #
  # In doubt it says less than certain, and more than nothing: an app that is called ready and raises is the worst.
  module Check
    # A server that boots has no use for these.
    autoload :Graph, "kino/check/graph"
    autoload :Report, "kino/check/report"

    class << self
      # Looks at the objects that the app holds and at the code that a request reaches; nothing of it is run, loaded,
      # frozen or changed, unless requests are given.
      #
      # @param app [#call] a Rack app
      # @param requests [Array<String>] such as "GET /path", which are really made, each in a Ractor of its own
      # @param objects [Integer] how many objects to look at
      # @param methods [Integer] how many methods and blocks to read
      # @return [Report] frozen; says so if there was more than that. No request is made of an app that cannot be shared
      # @raise [ConfigError] for a request that is none
      def report(app, requests: [], objects: Graph::LIMIT, methods: Code::LIMIT)
        label = label_of(app)
        code = nil
        findings = [*no_app(app, label)] + Breakdown.guard(label) { Graph.new(app, label:, limit: objects).findings } +
                   Breakdown.guard(label) { (code = Code.new(app, label:, limit: methods)).findings }
        tried = requests.empty? ? {} : try(app, requests)
        Report.new(app: label, findings: findings + tried.values.flatten, requests: tried.keys,
                   unfollowed: code&.unfollowed.to_a.size, procs: Ruby.procs_stop_ractors? ? code&.procs.to_a : [])
      end

      # A server that boots asks this. What the app holds is not looked at: it is shareable. An app that is not read
      # to its end, and one that the check fails over, count as if something was found.
      #
      # @param app [#call]
      # @return [Finding, nil] something that may keep it from Ractors, and from nothing else; nil where all was read
      #   and nothing was found
      # @api private
      def first_finding(app)
        label = label_of(app)
        without_full_collections { Code.new(app, label:, limit: BOOT_LIMIT, seconds: BOOT_SECONDS).first_finding }
      rescue *Breakdown::RESCUED => e
        Breakdown.finding(e, label)
      end

      # Methods and blocks that a boot may read. A count, so that the same app gets the same mode on any machine.
      BOOT_LIMIT = 1_000
      # Seconds of the processor: a guard, which code that is slow to read may meet before the count.
      BOOT_SECONDS = 2
      # Held while there are no full collections: of two readings at a time the second would find them off, and leave
      # them off.
      READING = Mutex.new
      private_constant :BOOT_LIMIT, :BOOT_SECONDS, :READING

      private

      # All that the reading makes is short-lived, and the app's objects are old by then: to mark them again would take
      # half as long as the reading.
      def without_full_collections
        READING.synchronize do
          before = GC.config.slice(:rgengc_allow_full_mark)
          GC.config(rgengc_allow_full_mark: false)
          yield
        ensure
          GC.config(before)
        end
      end

      def no_app(app, label)
        what = NoApp.reason(app) or return
        Finding.new(cause: :no_app, certainty: :certain, what:, place: nil, path: label,
                    fix: Causes::ALL.fetch(:no_app).fix)
      end

      # @return [Hash{String => Array<Finding>}] by request, those that were made
      def try(app, requests)
        require "kino/check/trial"
        requests.each { |request| Trial.env(request) } # which raises
        Ractor.shareable?(app) ? requests.to_h { |request| [request, Trial.findings(app, request)] } : {}
      end

      def label_of(app) = Peek.module?(app) ? Peek.title(app) : "app"
    end
  end
end
