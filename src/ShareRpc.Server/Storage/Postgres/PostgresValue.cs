using Npgsql;
using NpgsqlTypes;

namespace ShareRpc.Server.Storage.Postgres;

/// <summary>A parameter of a statement, by its position.</summary>
internal readonly struct PostgresValue
{
    private PostgresValue(NpgsqlParameter parameter) => Parameter = parameter;

    public NpgsqlParameter Parameter { get; }

    public static implicit operator PostgresValue(long value) => Typed(value, NpgsqlDbType.Bigint);

    public static implicit operator PostgresValue(long? value) => Nullable(value, NpgsqlDbType.Bigint);

    public static implicit operator PostgresValue(int value) => Typed(value, NpgsqlDbType.Integer);

    public static implicit operator PostgresValue(int? value) => Nullable(value, NpgsqlDbType.Integer);

    public static implicit operator PostgresValue(string? value) => Nullable(value, NpgsqlDbType.Text);

    public static implicit operator PostgresValue(byte[]? value) => Nullable(value, NpgsqlDbType.Bytea);

    public static implicit operator PostgresValue(ReadOnlyMemory<byte> value) => Typed(value, NpgsqlDbType.Bytea);

    public static implicit operator PostgresValue(ReadOnlyMemory<byte>? value) =>
        value is { } bytes ? bytes : Nullable(null, NpgsqlDbType.Bytea);

    public static implicit operator PostgresValue(long[] value) =>
        Typed(value, NpgsqlDbType.Array | NpgsqlDbType.Bigint);

    public static implicit operator PostgresValue(long?[] value) =>
        Typed(value, NpgsqlDbType.Array | NpgsqlDbType.Bigint);

    public static implicit operator PostgresValue(int[] value) =>
        Typed(value, NpgsqlDbType.Array | NpgsqlDbType.Integer);

    public static implicit operator PostgresValue(int?[] value) =>
        Typed(value, NpgsqlDbType.Array | NpgsqlDbType.Integer);

    public static implicit operator PostgresValue(string[] value) =>
        Typed(value, NpgsqlDbType.Array | NpgsqlDbType.Text);

    public static implicit operator PostgresValue(byte[][] value) =>
        Typed(value, NpgsqlDbType.Array | NpgsqlDbType.Bytea);

    public static implicit operator PostgresValue(ReadOnlyMemory<byte>?[] value) =>
        Typed(value, NpgsqlDbType.Array | NpgsqlDbType.Bytea);

    private static PostgresValue Typed<T>(T value, NpgsqlDbType type) =>
        new(new NpgsqlParameter<T> { TypedValue = value, NpgsqlDbType = type });

    private static PostgresValue Nullable(object? value, NpgsqlDbType type) =>
        new(new NpgsqlParameter { Value = value ?? DBNull.Value, NpgsqlDbType = type });
}
