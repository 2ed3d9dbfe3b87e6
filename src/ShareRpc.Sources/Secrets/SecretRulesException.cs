namespace ShareRpc.Sources.Secrets;

/// <summary>A file of rules that cannot be used; the message names the rule and what is wrong with it, for people.</summary>
public sealed class SecretRulesException(string message, Exception? inner = null) : Exception(message, inner);
