# frozen_string_literal: true

require "rack/files"
require "sinatra/base"
require_relative "../rack_in_ractors"

# Makes of a Sinatra app one that Ractors can run. README.md says what stands in the way, and what this leaves out.
#
#     class App < Sinatra::Base
#       extend SinatraInRactors
#       get("/") { "Hello" }
#     end
#     run App.shareable
module SinatraInRactors
  # Stands in for Mustermann's pattern, which keeps a cache of what it has matched.
  Pattern = Data.define(:text, :regexp) do
    # What Sinatra asks of a pattern.
    # @return [Hash{String => String, Array, nil}, nil] nil where it does not match
    def params(path)
      return unless (match = regexp.match(path))
      return { "captures" => decoded(match.captures) } if match.names.empty? && match.size > 1

      match.names.zip(decoded(match.captures)).to_h
    end

    def to_s = text

    private

    def decoded(values) = values.map { |value| value && URI.decode_uri_component(value) }
  end

  # @return [Sinatra::Base] the app, frozen all the way down; Sinatra itself makes a copy of it for each request
  def shareable
    share_settings
    # In development Sinatra has pages of its own there, for errors.
    [Sinatra::Base.errors, Sinatra::Base.routes].each(&:clear)
    [self, Sinatra::Base].each { |app| Ractor.make_shareable([app.routes, app.filters, app.errors]) }
    # Not `new`, which wraps it into Sinatra's middleware.
    Ractor.make_shareable(new!)
  end

  private

  # Sinatra's hook for a route. Its own makes a method of the block, takes it away again and keeps it in a proc: an
  # UnboundMethod cannot be shared. Here the method stays.
  def compile!(verb, path, block, **options)
    pattern, conditions, = super
    raise ArgumentError, "#{path}: no conditions in Ractors" if conditions.any?

    name = :"#{verb} #{path} #{block.object_id}" # there may be several of a path
    define_method(name, &Ractor.make_shareable(block))
    [Pattern.new(text: pattern.to_s, regexp: pattern.to_regexp), conditions, caller_of(name, block.arity)]
  end

  def caller_of(name, arity)
    call = arity.zero? ? proc { |app, _values| app.send(name) } : proc { |app, values| app.send(name, *values) }
    Ractor.make_shareable(call)
  end

  # Each setting is a method made of a block. It becomes one that reads what the setting was when the app was made.
  def share_settings
    names = methods.grep(/\A\w+=\z/).map { |name| name.to_s.chomp("=") }
    names.select { |name| respond_to?(name) && respond_to?("#{name}?") }.each do |name|
      instance_variable_set("@shared_#{name}", Ractor.make_shareable(public_send(name)))
      singleton_class.class_eval(<<~RUBY, __FILE__, __LINE__ + 1)
        def #{name} = @shared_#{name}     # def views = @shared_views
        def #{name}? = !!@shared_#{name}  # def views? = !!@shared_views
      RUBY
    end
  end
end
