# frozen_string_literal: true

# Invalid names, and names that only look invalid.
module Names
  LIST = ["a"]
  BROKEN = "no_\xE9"

  # Asks for names that Ruby refuses in every Ractor.
  module Refused
    def self.call(_env)
      [200, {}, [asked { const_get("en") }, asked { const_get(:foo) }, asked { const_get("") },
                 asked { public_send(BROKEN) }, asked { respond_to?(BROKEN) }]]
    end

    def self.asked
      yield.to_s
    rescue NameError, EncodingError
      "no"
    end
  end

  # Looks a constant up from the top level.
  module FromTheTop
    def self.call(_env) = [200, {}, [const_get("::Names::LIST").first]]
  end

  # Has methods with the names of Ruby's own methods, but with other arguments.
  class Money
    class << self
      def hash(text) = text.sum
      def ==(other) = other.fetch(:same)
      def equal?(other) = other.fetch(:same)
      def <=(other) = other.fetch(:less)
      def name(language) = "money in #{language}"
    end

    def hash(text) = self.class.hash(text)
    def self.call(_env) = [200, {}, [new.hash("a").to_s, name("English"), Pair.new(1).both.to_s]]

    Pair = Struct.new(:one) do
      def self.==(other) = other.fetch(:same)
      def both = [one, one]
    end
  end
end

CheckApps.app("methods by Ruby's names") { Names::Money }
CheckApps.app("names that Ruby refuses") { Names::Refused }
CheckApps.app("const_get from the top", blames: /LIST/) { Names::FromTheTop }
