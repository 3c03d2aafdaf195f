# frozen_string_literal: true

require "date"
require "open3"
require "pathname"
require "shellwords"
require "strscan"

# Apps that run, in everyday Ruby: a finding here is a false alarm. Each name has the code in the app's module and the
# code of a request, whose value is the body.
module Sound
  APPS = {
    "case of many kinds" => ["", "case env when Hash then 'a' when Array, nil then 'b' else 'c' end"],
    "case of Strings" => ["", "case env['PATH_INFO'] when '/' then 'home' when /x/ then 'x' else 'none' end"],
    "while and until" => ["", "i = 0; i += 1 while i < 3; i -= 1 until i.zero?; i.to_s"],
    "begin and until" => ["LIST = ['a'].freeze", "i = 0; begin; i += 1; end until i > LIST.size; i.to_s"],
    "for" => ["LIST = %w[a b].freeze", "text = +''; for part in LIST do text << part end; text"],
    "catch and throw" => ["def self.halt(text) = throw(:halt, text)", "catch(:halt) { halt('hi') }"],
    "break and next" => ["", "[1, 2].each { |n| next if n == 1; break n.to_s }"],
    "ensure" => ["", "begin; 'hi'; ensure; env.size; end"],
    "rescue and retry" => [
      "", "tries = 0; begin; (tries += 1) < 2 ? Integer('x') : 'hi'; rescue ArgumentError; retry; end"
    ],
    "a match" => ["", "env['PATH_INFO'] =~ %r{(/)} ? \"\#{$1}\#{$~[0]}\#{$`}\" : 'none'"],
    "a pattern for a Hash" => ["", "case { name: 'a', age: 3 }; in { name: String => name, age: 1.. } then name; end"],
    "a pattern for an Array" => ["", "case [200, {}, ['a']]; in [Integer, Hash, [first, *]] then first; end"],
    "names of the code" => ["", "[__method__, __dir__, __FILE__, caller.size].join"],
    "variables of the thread" => ["", "Thread.current[:seen] = 'hi'; Thread.current[:seen]"],
    "ENV" => ["", "ENV.fetch('PATH').dup"],
    "constants of numbers and ranges" => ["BIG = 2**100; PART = 3r; ALL = (1..3); WORDS = ('a'..'c')",
                                          "[BIG, PART, ALL.sum, WORDS.to_a].join"],
    "a heredoc" => ["TEXT = <<~TEXT.freeze\nhello\nTEXT", "TEXT"],
    "a pattern in a constant" => ["SLUG = /\\A\\w+\\z/", "SLUG.match?('a').to_s"],
    "a Date in a constant" => ["FIRST = Ractor.make_shareable(Date.new(2026, 1, 1))", "FIRST.year.to_s"],
    "a Set in a constant" => ["PATHS = Ractor.make_shareable(Set['/'])", "PATHS.include?(env['PATH_INFO']).to_s"],
    "a Struct in a constant" => ["KIND = Struct.new(:name); ONE = Ractor.make_shareable(KIND.new('hi'))", "ONE.name"],
    "a Data in a constant" => ["KIND = Data.define(:name); ONE = KIND.new(name: 'hi')", "ONE.with(name: 'ho').name"],
    "settings that rule a branch out" => ["DEBUG = false; LOG = []", "LOG << env if DEBUG; 'hi'"],
    "an option in a frozen Hash" => ["OPTIONS = { log: false }.freeze; LOG = []", "LOG << env if OPTIONS[:log]; 'hi'"],
    "a subclass that says what the base does not" => [
      "class Base; def self.text = raise(NotImplementedError); def self.read = text; end\n" \
      "class Own < Base; def self.text = 'hi'; end", "Own.read"
    ],
    "settings that are inherited" => [
      "class Base; @text = 'hi'; class << self; def text = @text || superclass.text; end; end; class Own < Base; end",
      "Own.text"
    ],
    "StringScanner" => ["", "StringScanner.new('abc').scan(/a/)"],
    "Pathname and Shellwords" => ["", "Pathname.new('/a').join('b c').to_s.shellescape"],
    "a command" => ["", "Open3.capture2('echo hi').first + `echo ho`"],
    "Marshal" => ["", "Marshal.load(Marshal.dump(['hi'])).first"],
    "Array's and Hash's words" => [
      "", "[[1, 2].sum, [1].zip([2]), %w[a].tally, [[1, 2]].to_h, { a: 1 }.map { |k, v| [k, v] },\n" \
          "[3, 1].sort_by { -it }, [1].each_with_object([]) { |x, all| all << x }, 5.clamp(1, 3)].inspect"
    ],
    "words of lazy lists" => ["", "(1..).lazy.map { |n| n * 2 }.select(&:positive?).first(2).join"],
    "an Enumerator" => ["", "Enumerator.produce(1) { |n| n * 2 }.take(3).join"],
    "numbers" => ["", "[Integer.sqrt(9), Rational(1, 2), Complex(1, 2), 1.0.round, 3.divmod(2)].join"],
    "texts" => [
      "", "format('%<a>03d %<b>s', a: 1, b: 'b') + 'a b'.split.map(&:capitalize).join + 'a'.tr('a', 'b') * 2"
    ],
    "a copy of what is frozen" => ["LIST = %w[a b].freeze", "LIST.dup.push('c').map!(&:upcase).join"],
    "a Hash with a default" => [
      "", "counts = Hash.new(0); 'hello'.each_char { |char| counts[char] += 1 }; counts['l'].to_s"
    ],
    "keyword arguments" => [
      "def self.greet(name:, mark: '!', **rest) = name + mark + rest.size.to_s", "greet(name: 'hi', more: 1)"
    ],
    "all arguments" => [
      "def self.one(*all, &block) = two(*all, &block)\ndef self.two(a, b = 'b') = yield(a) + b", "one('a') { it }"
    ],
    "what Ruby tells of an object" => [
      "", "[env.is_a?(Hash), env.respond_to?(:fetch), env.frozen?, env.class, env.nil?].join"
    ],
    "a name that is computed" => [
      "def self.show_home = 'home'", "respond_to?(:show_home) ? public_send(:\"show_\#{'home'}\") : ''"
    ],
    "a class that is made" => ["", "Class.new { def read = 'hi' }.new.read"],
    "a module that extends" => ["module Loud; def loud = 'LOUD'; end", "Object.new.extend(Loud).loud"],
    "a lambda in the request" => ["", "add = ->(a, b = 1) { a + b }; [add.(1), add[1, 2], add.curry.call(3)].join"],
    "or and and" => ["", "(env['none'] || env['PATH_INFO']) && 'hi'"],
    "safe navigation" => ["", "env['none']&.upcase || 'none'"],
    "several at once" => ["", "first, (second, *rest) = 1, [2, 3]; [first, second, rest].join"],
    "numbered parameters" => ["", "[1, 2].map { _1 + 1 }.zip([3, 4].map { it + 1 }).inspect"],
    "an ensure in a method with a block" => ["def self.with; yield 'hi'; ensure; 1; end", "with { |text| text }"],
    "a method that gives itself" => ["class Part; def add = self; def text = 'hi'; end", "Part.new.add.add.text"],
    "an object that keeps its own" => ["class Part; def text = @text ||= 'hi'; end", "Part.new.text"],
    "an Exception of its own" => ["class Own < StandardError; end",
                                  "begin; raise Own, 'hi'; rescue Own => e; e.message; end"],
    "methods that call each other" => ["def self.even(n) = n.zero? || odd(n - 1)\ndef self.odd(n) = !even(n)",
                                       "even(2).to_s"],
    "Ractor's own store" => ["", "Ractor.current[:seen] ||= 'hi'"]
  }.freeze
end

Sound::APPS.each do |name, (around, body)|
  CheckApps.app("sound: #{name}") do
    Sound.module_eval(<<~CODE, __FILE__, __LINE__ + 1)
      # frozen_string_literal: true
      module Of#{name.split.map(&:capitalize).join.gsub(/\W/, "")}
        #{around}
        def self.call(env)
          body = begin
            #{body}
          end
          [200, {}, [body]]
        end
        self
      end
    CODE
  end
end
