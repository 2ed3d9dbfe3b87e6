namespace ShareRpc.Sqlite;

/// <summary>An unboxed integer, text, blob or null.</summary>
internal readonly struct SqlValue
{
    private readonly bool isNumber;
    private readonly long number;
    private readonly string? text;
    private readonly ReadOnlyMemory<byte>? bytes;

    private SqlValue(long? number)
    {
        isNumber = number is not null;
        this.number = number ?? 0;
    }

    private SqlValue(string? text) => this.text = text;

    private SqlValue(ReadOnlyMemory<byte>? bytes) => this.bytes = bytes;

    public static implicit operator SqlValue(long value) => new(value);

    public static implicit operator SqlValue(long? value) => new(value);

    public static implicit operator SqlValue(string? value) => new(value);

    public static implicit operator SqlValue(byte[]? value) => new(value is null ? null : value.AsMemory());

    public static implicit operator SqlValue(ReadOnlyMemory<byte>? value) => new(value);

    public void Bind(PreparedStatement statement, int parameter)
    {
        if (isNumber) statement.Bind(parameter, number);
        else if (text is not null) statement.Bind(parameter, text);
        else statement.BindBytes(parameter, bytes);
    }
}
