# frozen_string_literal: true

require "kino/hot_restart/handover"
require "kino/systemd/activation"
require "kino/systemd/watchdog"

module Kino
  Inherited = Data.define(:listener, :handover, :directory)

  # What a process has inherited from the one that started it.
  #
  # @!attribute [r] listener
  #   @return [IO, nil] a listening socket from systemd or the predecessor; nil if we make our own
  # @!attribute [r] handover
  #   @return [HotRestart::Handover, nil] nil unless this is the new process of a hot restart
  # @!attribute [r] directory
  #   @return [String, nil] the working directory, which the app may change; nil if it was deleted
  #
  # @api private
  class Inherited
    # Call it before the app is loaded, if possible: processes that the app starts must not get the descriptors or
    # variables, and paths of the command line are relative to the directory in which it was given.
    #
    # @param env [Hash{String => String}, ENV] what says so is taken out of it
    # @return [Inherited]
    # @raise [BindError]
    def self.take(env = ENV)
      handover = HotRestart::Handover.take(env)
      activated = Systemd::Activation.take(env)
      Systemd::Watchdog.adopt(env) if handover
      new(listener: handover ? handover.listener : activated, handover:, directory: working_directory)
    end

    def self.working_directory
      Dir.pwd
    rescue SystemCallError
      nil
    end
    private_class_method :working_directory

    # @return [Integer, nil] the process that this one takes over from
    def predecessor = handover&.predecessor

    # @return [Boolean] whether the listener is a service manager's, which keeps it
    def kept? = handover ? handover.kept : !listener.nil?

    # @return [Boolean] whether the predecessor was told, and tells others
    def announce = handover ? handover.announce : false
  end
end
